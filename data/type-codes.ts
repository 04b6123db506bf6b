/** The 27 `prdtypecode`s of Rakuten France, ascending. This list is the class order of every model. */
export const TYPE_CODES = [
  10, 40, 50, 60, 1140, 1160, 1180, 1280, 1281, 1300, 1301, 1302, 1320, 1560, 1920, 1940, 2060, 2220, 2280,
  2403, 2462, 2522, 2582, 2583, 2585, 2705, 2905,
] as const;

export type TypeCode = (typeof TYPE_CODES)[number];

/** What people call each code; Rakuten publishes none, these describe the products found under it. */
export const TYPE_CODE_NAMES: Readonly<Record<TypeCode, { fr: string; en: string }>> = {
  10: { fr: 'Livres d’occasion', en: 'Used books' },
  40: { fr: 'Jeux vidéo importés', en: 'Imported video games' },
  50: { fr: 'Accessoires de jeux vidéo', en: 'Video game accessories' },
  60: { fr: 'Consoles de jeux', en: 'Game consoles' },
  1140: { fr: 'Figurines et produits dérivés', en: 'Figurines and merchandise' },
  1160: { fr: 'Cartes à collectionner', en: 'Trading cards' },
  1180: { fr: 'Jeux de rôle et de figurines', en: 'Role-playing and miniature games' },
  1280: { fr: 'Jouets', en: 'Toys' },
  1281: { fr: 'Jeux de société', en: 'Board games' },
  1300: { fr: 'Modélisme et drones', en: 'Model making and drones' },
  1301: { fr: 'Chaussettes et petits articles de bébé', en: 'Baby socks and small accessories' },
  1302: { fr: 'Jeux de plein air', en: 'Outdoor play' },
  1320: { fr: 'Puériculture', en: 'Baby care' },
  1560: { fr: 'Mobilier', en: 'Furniture' },
  1920: { fr: 'Linge de maison', en: 'Home linen' },
  1940: { fr: 'Épicerie', en: 'Food' },
  2060: { fr: 'Décoration', en: 'Decoration' },
  2220: { fr: 'Animalerie', en: 'Pet supplies' },
  2280: { fr: 'Magazines et journaux', en: 'Magazines and newspapers' },
  2403: { fr: 'Lots de livres et de revues', en: 'Book and magazine lots' },
  2462: { fr: 'Jeux vidéo et consoles d’occasion', en: 'Used games and consoles' },
  2522: { fr: 'Papeterie', en: 'Stationery' },
  2582: { fr: 'Mobilier de jardin', en: 'Garden furniture' },
  2583: { fr: 'Piscine', en: 'Swimming pool' },
  2585: { fr: 'Outils de bricolage et de jardin', en: 'Home and garden tools' },
  2705: { fr: 'Livres neufs', en: 'New books' },
  2905: { fr: 'Jeux PC à télécharger', en: 'Downloadable PC games' },
};

const KNOWN: ReadonlySet<number> = new Set(TYPE_CODES);

export function isTypeCode(value: number): value is TypeCode {
  return KNOWN.has(value);
}
