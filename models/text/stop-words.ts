/**
 * Function words of French, with the letters that elision leaves over (l', d', qu'...). Short on purpose:
 * negations, numbers and sizes tell products apart and stay.
 */
export const FRENCH_STOP_WORDS: ReadonlySet<string> = new Set(
  `a à afin ai ainsi alors après as au aucun aussi autre autres aux avait avant avec avez avoir avons ayant c ça
  car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment d dans de depuis des dès
  donc dont du elle elles en encore entre es est et étaient étant était être eu eux fait font furent fut grâce
  ici il ils j je jusqu jusque l la là laquelle le lequel les lesquels leur leurs lors lorsque lui m ma mais me
  même mêmes mes moi mon n ne ni nos notre nous on ont or ou où par parce pendant peu peut peuvent
  pour pourquoi près puis puisque qu quand que quel quelle quelles quels qui quoi s sa se selon sera seront
  ses si sinon soi soit son sont sous suis sur t ta tandis te tel telle telles tels tes toi ton tous tout toute
  toutes très tu un une vers voici voilà vos votre vous y`.split(/\s+/),
);
