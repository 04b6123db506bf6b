import { z } from 'zod';
import { isTypeCode, TYPE_CODES, type TypeCode } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';

/**
 * The original's files for a bundle of ours, by name: class index -> code (the pickle has code -> index), and the
 * two fusion weights (text, image), as JSON and as pickles. tokenizer_config.json comes with the text model.
 */
export function originalFiles({ textWeight }: { textWeight: number }): Readonly<Record<string, string>> {
  const mapper = Object.fromEntries(TYPE_CODES.map((code, index) => [index, String(code)]));
  // 1 - 0.7 is 0.30000000000000004.
  const imageWeight = Number((1 - textWeight).toPrecision(12));
  return {
    'mapper.json': JSON.stringify(mapper, null, 2),
    'mapper.pkl': pickled(`(d${TYPE_CODES.map((code, index) => `I${code}\nI${index}\ns`).join('')}`),
    'best_weights.json': `[${textWeight}, ${imageWeight}]`,
    'best_weights.pkl': pickled(`(F${textWeight}\nF${imageWeight}\nt`),
  };
}

/** Python's oldest pickle protocol is text: every pickle.load reads it. */
const pickled = (commands: string) => `${commands}.`;

/** The codes by class index. @throws EtiquetteError IMPORT_MAPPER_INVALID unless each code has one index. */
export function parseMapper(json: string): TypeCode[] {
  const refuse = (why: string) => {
    const message = `mapper.json must give each index 0..26 one of the 27 codes: ${why}. Take the mapper.json that belongs to these models.`;
    return new EtiquetteError('IMPORT_MAPPER_INVALID', message);
  };
  const parsed = z.record(z.string(), z.union([z.string(), z.number()])).safeParse(parse(json));
  if (!parsed.success) throw refuse('it is no JSON object of codes');
  const entries = Object.entries(parsed.data);
  if (entries.length !== TYPE_CODES.length) throw refuse(`it has ${entries.length} entries`);
  const codes = TYPE_CODES.map((_, index) => {
    const code = Number(parsed.data[index] ?? Number.NaN);
    if (parsed.data[index] === undefined) throw refuse(`index ${index} is missing`);
    if (!isTypeCode(code)) throw refuse(`index ${index} has "${parsed.data[index]}"`);
    return code;
  });
  const twice = codes.find((code, index) => codes.indexOf(code) !== index);
  if (twice !== undefined) throw refuse(`code ${twice} occurs twice`);
  return codes;
}

/** The text model's weight. @throws EtiquetteError IMPORT_FUSION_WEIGHTS_INVALID. */
export function parseFusionWeights(json: string): number {
  const share = z.number().min(0).max(1);
  const parsed = z.tuple([share, share]).safeParse(parse(json));
  if (!parsed.success || Math.abs(parsed.data[0] + parsed.data[1] - 1) > 1e-6) {
    const message =
      'best_weights.json must be two numbers in 0..1 with the sum 1, such as [0.63, 0.37]: text, then image. Take the one that belongs to these models.';
    throw new EtiquetteError('IMPORT_FUSION_WEIGHTS_INVALID', message);
  }
  return parsed.data[0];
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
