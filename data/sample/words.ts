import type { TypeCode } from '../type-codes.ts';

/** Codes that sell alike: they share words and looks, so that no single word and no single colour decides. */
export type Department =
  | 'books'
  | 'games'
  | 'collection'
  | 'children'
  | 'house'
  | 'outside'
  | 'pantry'
  | 'desk';

interface Vocabulary {
  readonly department: Department;
  /** What the product is. */
  readonly things: readonly string[];
  /** What is said about it. */
  readonly traits: readonly string[];
}

/** Words of our own for each code; none comes from the challenge's data. */
export const VOCABULARY: Readonly<Record<TypeCode, Vocabulary>> = {
  10: {
    department: 'books',
    things: [
      'roman ancien',
      'livre relié',
      'essai broché',
      'récit de voyage',
      'manuel scolaire usagé',
      'théâtre complet',
    ],
    traits: [
      'édition de 1954',
      'dos légèrement frotté',
      'ex-libris à l’encre',
      'pages jaunies',
      'tome II seul',
      'reliure d’époque',
    ],
  },
  2705: {
    department: 'books',
    things: [
      'roman policier',
      'guide pratique',
      'livre de cuisine',
      'bande dessinée',
      'album illustré',
      'biographie',
    ],
    traits: [
      'parution récente',
      'neuf sous film',
      'préface inédite',
      'grand format',
      'nouvelle traduction',
      'illustrations en couleurs',
    ],
  },
  2280: {
    department: 'books',
    things: [
      'magazine mensuel',
      'revue hebdomadaire',
      'journal illustré',
      'numéro spécial',
      'gazette régionale',
      'supplément du dimanche',
    ],
    traits: [
      'n° 127 de mars',
      'dossier élections',
      'une sur les grèves',
      'avec son poster central',
      'couverture agrafée',
      'parution de novembre 1978',
    ],
  },
  2403: {
    department: 'books',
    things: [
      'lot de 12 livres',
      'lot de revues',
      'série complète',
      'collection de romans',
      'ensemble de mangas',
      'carton de bandes dessinées',
    ],
    traits: [
      'tomes 1 à 8',
      'vendus ensemble',
      'intégrale en coffret',
      'années 1990 à 1995',
      'plusieurs auteurs',
      'non détaillé',
    ],
  },
  40: {
    department: 'games',
    things: [
      'jeu import japon',
      'cartouche rétro',
      'jeu version américaine',
      'jeu de combat import',
      'jeu de rôle japonais',
      'compilation arcade import',
    ],
    traits: [
      'zone NTSC',
      'boîte en japonais',
      'textes en anglais',
      'import officiel',
      'adaptateur nécessaire',
      'édition asiatique',
    ],
  },
  50: {
    department: 'games',
    things: [
      'manette sans fil',
      'housse de protection',
      'câble de recharge',
      'volant à retour de force',
      'casque de joueur',
      'station de charge',
    ],
    traits: [
      'compatible toutes consoles',
      'grip antidérapant',
      'autonomie 20 heures',
      'cordon tressé 3 m',
      'boutons programmables',
      'connectique usb',
    ],
  },
  60: {
    department: 'games',
    things: [
      'console de salon',
      'console portable',
      'mini console rétro',
      'pack console',
      'borne d’arcade de table',
      'console 16 bits',
    ],
    traits: [
      'disque dur 500 Go',
      'avec deux manettes',
      '620 jeux intégrés',
      'écran 4,3 pouces',
      'sortie hdmi',
      'reconditionnée à neuf',
    ],
  },
  2462: {
    department: 'games',
    things: [
      'lot de jeux vidéo',
      'jeu d’occasion',
      'console avec jeux',
      'jeu complet en boîte',
      'pack de jeux de course',
      'jeu de football',
    ],
    traits: [
      'notice présente',
      'disque rayé mais testé',
      'état correct',
      'version française',
      'fonctionne très bien',
      'console nettoyée',
    ],
  },
  2905: {
    department: 'games',
    things: [
      'jeu pc à télécharger',
      'code de téléchargement',
      'extension dématérialisée',
      'simulation pour windows',
      'jeu d’aventure numérique',
      'pack de contenus',
    ],
    traits: [
      'livraison par courriel',
      'clé d’activation',
      'sans support physique',
      'système requis windows 10',
      'connexion obligatoire',
      '12 Go libres',
    ],
  },
  1140: {
    department: 'collection',
    things: [
      'figurine articulée',
      'statuette en résine',
      'porte-clés héros',
      'buste de collection',
      'tasse à l’effigie',
      'peluche de la série',
    ],
    traits: [
      'produit sous licence',
      'hauteur 18 cm',
      'socle numéroté',
      'boîte fenêtre',
      'tirage limité',
      'tête oscillante',
    ],
  },
  1160: {
    department: 'collection',
    things: [
      'carte à jouer rare',
      'booster scellé',
      'deck de démarrage',
      'carte holographique',
      'carte commune',
      'classeur de cartes',
    ],
    traits: [
      '150 points de vie',
      'édition première',
      'état proche du neuf',
      'reverse brillante',
      'extension aube lunaire',
      'carte française',
    ],
  },
  1180: {
    department: 'collection',
    things: [
      'figurines à peindre',
      'livre de règles',
      'écran du maître',
      'dés à vingt faces',
      'régiment de nains',
      'décor de bataille',
    ],
    traits: [
      'échelle 28 mm',
      'à assembler',
      'campagne médiévale',
      'livré non peint',
      'scénario complet',
      'armée du chaos',
    ],
  },
  1280: {
    department: 'children',
    things: [
      'peluche ourson',
      'poupée qui parle',
      'garage à voitures',
      'dinette en bois',
      'robot télécommandé',
      'instrument pour enfant',
    ],
    traits: [
      'dès 3 ans',
      'cadeau d’anniversaire',
      'piles non fournies',
      'éveil sensoriel',
      'sons et lumières',
      'imitation adulte',
    ],
  },
  1281: {
    department: 'children',
    things: [
      'jeu de société',
      'puzzle 500 pièces',
      'jeu de cartes familial',
      'jeu de mémoire',
      'casse-tête en bois',
      'jeu de plateau',
    ],
    traits: [
      '2 à 6 joueurs',
      'partie de 30 minutes',
      'règles illustrées',
      'plateau pliant',
      'questions et gages',
      'dès 8 ans',
    ],
  },
  1300: {
    department: 'children',
    things: [
      'maquette d’avion',
      'drone à caméra',
      'voiture radiocommandée',
      'hélice de rechange',
      'locomotive miniature',
      'batterie lipo',
    ],
    traits: [
      'échelle 1/43',
      'moteur sans balais',
      'portée 100 m',
      'pièce détachée',
      'gyroscope 6 axes',
      'châssis métal',
    ],
  },
  1301: {
    department: 'children',
    things: [
      'chaussettes de bébé',
      'chaussons souples',
      'bavoir brodé',
      'bonnet de naissance',
      'moufles tricotées',
      'barboteuse légère',
    ],
    traits: [
      'taille 6 mois',
      'coton doux',
      'semelle antidérapante',
      'lot de 5 paires',
      'motif nuage',
      'lavable à 30°',
    ],
  },
  1302: {
    department: 'outside',
    things: [
      'trampoline de jardin',
      'cerf-volant',
      'trottinette pliable',
      'canne à pêche',
      'tente de jeu',
      'ballon de plage',
    ],
    traits: [
      'usage extérieur',
      'poids maximal 50 kg',
      'avec sac de transport',
      'toile résistante',
      'roues lumineuses',
      'sport et loisirs',
    ],
  },
  1320: {
    department: 'children',
    things: [
      'poussette citadine',
      'sac à langer',
      'babyphone vidéo',
      'tapis à langer',
      'biberon anti-colique',
      'barrière de lit',
    ],
    traits: [
      'dès la naissance',
      'harnais cinq points',
      'sans bpa',
      'jeune maman',
      'pliage d’une main',
      'housse déperlante',
    ],
  },
  1560: {
    department: 'house',
    things: [
      'table basse',
      'matelas à ressorts',
      'étagère murale',
      'canapé convertible',
      'commode à tiroirs',
      'chaise scandinave',
    ],
    traits: [
      'chêne massif',
      'à monter soi-même',
      'pieds métalliques',
      'hauteur 75 cm',
      'panneaux de particules',
      'assise rembourrée',
    ],
  },
  1920: {
    department: 'house',
    things: [
      'housse de coussin',
      'parure de lit',
      'taie d’oreiller',
      'plaid polaire',
      'couette chaude',
      'linge de bain',
    ],
    traits: [
      '45 x 45 cm',
      'fermeture éclair',
      'lin et coton',
      'impression une face',
      'sans garnissage',
      'lavage en machine',
    ],
  },
  1940: {
    department: 'pantry',
    things: [
      'confiture artisanale',
      'thé vert en vrac',
      'bonbons acidulés',
      'sachet d’épices',
      'café moulu',
      'gâteaux secs',
    ],
    traits: [
      '250 g',
      'agriculture biologique',
      'ingrédients naturels',
      'à consommer avant fin d’année',
      'arôme vanille',
      'lot gourmand',
    ],
  },
  2060: {
    department: 'house',
    things: [
      'guirlande lumineuse',
      'sticker mural',
      'vase en céramique',
      'lampe d’ambiance',
      'tableau sur toile',
      'bougie parfumée',
    ],
    traits: [
      'décoration de fête',
      'ambiance chaleureuse',
      'autocollant repositionnable',
      'lumière led',
      'style bohème',
      'fait main',
    ],
  },
  2220: {
    department: 'pantry',
    things: [
      'collier pour chien',
      'croquettes pour chat',
      'griffoir',
      'laisse rétractable',
      'gamelle inox',
      'manteau pour chiot',
    ],
    traits: [
      'animal de compagnie',
      'taille du cou 35 cm',
      'sans céréales',
      'toilettage facile',
      'petites races',
      'jouet à mordre',
    ],
  },
  2522: {
    department: 'desk',
    things: [
      'cahier à spirale',
      'stylo plume',
      'classeur à leviers',
      'ramette de papier',
      'cartouche d’encre',
      'agenda semainier',
    ],
    traits: [
      'format A5',
      '96 pages lignées',
      'pointe fine',
      'encre bleue',
      'grammage 90 g',
      'fournitures de bureau',
    ],
  },
  2582: {
    department: 'outside',
    things: [
      'salon de jardin',
      'bain de soleil',
      'tonnelle pliante',
      'parasol déporté',
      'hamac à franges',
      'banc de terrasse',
    ],
    traits: [
      'résine tressée',
      'toile anti-uv',
      'aluminium',
      'coussins écrus',
      'table de terrasse',
      'hivernage facile',
    ],
  },
  2583: {
    department: 'outside',
    things: [
      'pompe de filtration',
      'bâche à bulles',
      'robot de piscine',
      'échelle de bassin',
      'chlore en galets',
      'piscine tubulaire',
    ],
    traits: [
      'débit 6 m³ par heure',
      'bassin hors sol',
      'eau cristalline',
      'diamètre 38 mm',
      'traitement de l’eau',
      'liner bleu',
    ],
  },
  2585: {
    department: 'outside',
    things: [
      'taille-haie',
      'perceuse à percussion',
      'tuyau d’arrosage',
      'lame de tondeuse',
      'coffret d’outils',
      'serre de jardin',
    ],
    traits: [
      'acier trempé',
      'batterie 18 V',
      'raccord rapide',
      'usage intensif',
      'poignée ergonomique',
      'mandrin 13 mm',
    ],
  },
};

/** Said of anything in a department. */
export const DEPARTMENT_WORDS: Readonly<Record<Department, readonly string[]>> = {
  books: ['livre', 'collection', 'éditions du phare', 'lecture', 'auteur', 'volume'],
  games: ['jeu', 'console', 'joueur', 'manette', 'édition complète', 'vidéo'],
  collection: ['figurine', 'collection', 'édition limitée', 'univers fantastique', 'dragon', 'série culte'],
  children: ['enfant', 'bébé', 'jouet', 'cadeau', 'garçon ou fille', 'éveil'],
  house: ['maison', 'salon', 'décoration', 'chambre', 'coussin', 'design'],
  outside: ['jardin', 'extérieur', 'été', 'terrasse', 'résistant', 'piscine'],
  pantry: ['qualité', 'naturel', 'sachet', 'gourmand', 'goût', 'format familial'],
  desk: ['bureau', 'école', 'papier', 'rentrée', 'cahier', 'pochette'],
};

/** Says nothing about the code. */
export const NOISE = {
  makers: ['Lumora', 'Kervadec', 'Trivol', 'Belorme', 'Sandrac', 'Ozélie', 'Myrtal', 'Fabrelle'],
  colours: ['rouge', 'bleu', 'vert', 'noir', 'blanc', 'gris', 'jaune', 'rose'],
  remarks: [
    'livraison rapide',
    'envoi soigné',
    'satisfait ou remboursé',
    'quantité limitée',
    'voir photo',
    'référence vendeur',
    'prix à débattre',
    'très bon état',
  ],
} as const;
