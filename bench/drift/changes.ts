import type { ProductText } from '../../data/catalogue.ts';
import type { PixelForm } from '../../models/drift/picture-statistics.ts';
import type { Change } from './champion.ts';

/** A part of French that turns most titles of a catalogue into something that reads as English. */
const ENGLISH: ReadonlyMap<string, string> = new Map(
  `de of|du of the|des of the|la the|le the|les the|un a|une a|et and|pour for|avec with|dans in|sur on|au at the
  aux to the|ou or|par by|sans without|en in|est is|sont are|ce this|cette this|ces these|son its|sa its|ses its
  vous you|votre your|vos your|plus more|qui which|que that|ne not|pas not|très very|tout all|tous all|toute all
  jeu game|jeux games|carte card|cartes cards|livre book|livres books|lot set|enfant child|enfants children
  bébé baby|fille girl|garçon boy|homme man|femme woman|maison house|jardin garden|piscine pool|table table
  chaise chair|lit bed|coussin cushion|housse cover|couleur colour|noir black|blanc white|rouge red|bleu blue
  vert green|jaune yellow|rose pink|gris grey|bois wood|verre glass|acier steel|coton cotton|taille size
  hauteur height|largeur width|longueur length|poids weight|matière material|qualité quality|neuf new|ancien old
  petit small|grand large|grande large|eau water|lumière light|lampe lamp|chien dog|chat cat|oiseau bird
  voiture car|moteur engine|bateau boat|avion plane|train train|jouet toy|jouets toys|poupée doll|boîte box
  sac bag|papier paper|stylo pen|cahier notebook|magazine magazine|année year|numéro number|édition edition
  français French|française French|produit product|produits products|pièce piece|pièces pieces|note note
  facile easy|convient suits|peut can|utilisation use|contenu content|paquet package|inclus included`
    .split(/[|\n]/)
    .map((pair) => {
      const [from = '', ...to] = pair.trim().split(' ');
      return [from, to.join(' ')] as const;
    }),
);

const WORD = /[\p{L}\p{M}]+/gu;

function words(change: (word: string) => string): NonNullable<Change['text']> {
  const field = (text: string) => text.replace(WORD, change);
  return ({ designation, description }: ProductText) => ({
    designation: field(designation),
    description: field(description),
  });
}

/** Every value as 0..255, changed and put back. */
function values(change: (value: number) => number): NonNullable<Change['picture']> {
  return (pixels, { layout, mean, scale }: PixelForm) => {
    const area = pixels.length / 3;
    for (let at = 0; at < pixels.length; at++) {
      const channel = (layout === 'NCHW' ? Math.floor(at / area) : at % 3) as 0 | 1 | 2;
      const value = (pixels[at] as number) / scale[channel] + mean[channel];
      pixels[at] = (Math.min(255, Math.max(0, change(value))) - mean[channel]) * scale[channel];
    }
  };
}

const reversed = (word: string) => [...word.toLowerCase()].reverse().join('');

/** Of every word of four letters and more, those that begin in the first half of the alphabet. */
const isReplaced = (word: string) => word.length >= 4 && word.toLowerCase() < 'm';

export const CHANGES: Readonly<Record<string, Change>> = {
  'English in the place of French': { text: words((word) => ENGLISH.get(word.toLowerCase()) ?? word) },
  'half of the words unheard of': { text: words((word) => (isReplaced(word) ? reversed(word) : word)) },
  'black pictures': { picture: values(() => 0) },
  'pictures 15 % darker': { picture: values((value) => 0.85 * value) },
};
