import { TYPE_CODE_NAMES, type TypeCode } from '../../../data/type-codes.ts';

/** `10 Livres d’occasion` over `Used books`: an axis label that speaks both languages. */
export function axisLabel(code: TypeCode): string {
  const { fr, en } = TYPE_CODE_NAMES[code];
  return `${code} ${fr}|${en}`;
}

/** Vega expression that breaks an `axisLabel` into its two lines. */
export const TWO_LINES = "split(datum.label, '|')";
