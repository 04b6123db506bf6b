import { z } from '@hono/zod-openapi';
import type { PredictProduct } from '../../models/runtime/jobs.ts';
import type { Answer } from '../answering.ts';
import { fieldsInvalid } from '../errors.ts';
import { FIELD_CHARACTERS, longerThan } from '../product.ts';
import { pictureOf } from '../product-json.ts';
import type { FieldProblem } from '../refusal.ts';

/** Rows of a request of the Open Inference Protocol. */
export const MAX_ROWS = 32;

const INPUTS = ['designation', 'description', 'image'] as const;
const parameters = z.record(z.string(), z.unknown()).optional();

interface OutputTensor {
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly of: (answer: Answer) => string | number | number[];
}

/** Every output, in the order in which they are given; -1 is the number of rows. */
const OUTPUTS = {
  label: { datatype: 'INT64', shape: [-1], of: ({ best }: Answer) => Number(best.label) },
  confidence: { datatype: 'FP32', shape: [-1], of: ({ best }: Answer) => best.confidence },
  probabilities: {
    datatype: 'FP32',
    shape: [-1, 27],
    of: ({ prediction }: Answer) => Array.from(prediction.probabilities),
  },
  prediction_id: { datatype: 'BYTES', shape: [-1], of: ({ id }: Answer) => id },
  bundle_version: { datatype: 'BYTES', shape: [-1], of: ({ prediction }: Answer) => prediction.version },
} as const satisfies Record<string, OutputTensor>;
type Output = keyof typeof OUTPUTS;
const NAMES = Object.keys(OUTPUTS) as Output[];

export const inferRequest = z
  .object({
    id: z.string().max(256).optional(),
    parameters,
    inputs: z
      .array(
        z.object({
          name: z.enum(INPUTS),
          shape: z
            .array(z.int().min(1).max(MAX_ROWS))
            .min(1)
            .max(2)
            .openapi({ description: '[rows] or [rows, 1]' }),
          datatype: z.literal('BYTES'),
          parameters,
          data: z
            .array(z.union([z.string(), z.array(z.string()).length(1)]))
            .min(1)
            .max(MAX_ROWS)
            .openapi({ description: 'A text, or a picture in base64, for each row; "" is none' }),
        }),
      )
      .min(1)
      .max(INPUTS.length),
    outputs: z
      .array(z.object({ name: z.enum(NAMES), parameters }))
      .max(NAMES.length)
      .optional(),
  })
  .openapi('InferRequest', {
    example: {
      inputs: [{ name: 'designation', shape: [1], datatype: 'BYTES', data: ['Piscine ronde'] }],
      outputs: [{ name: 'label' }, { name: 'confidence' }],
    },
  });

export const inferResponse = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(
      z.object({
        name: z.enum(NAMES),
        shape: z.array(z.int()),
        datatype: z.string(),
        data: z.array(z.union([z.string(), z.number()])),
      }),
    ),
  })
  .openapi('InferResponse');

/** How the protocol describes the tensors; the columns of `probabilities` in the bundle's order. */
export function tensorsOf(labels: readonly number[]) {
  return {
    inputs: INPUTS.map((name) => ({ name, datatype: 'BYTES', shape: [-1] })),
    outputs: NAMES.map((name) => {
      const { datatype, shape } = OUTPUTS[name];
      const columns = name === 'probabilities' ? { parameters: { labels: labels.join(',') } } : {};
      return { name, datatype, shape: [...shape], ...columns };
    }),
  };
}

/** @throws EtiquetteError FIELDS_INVALID, PICTURE_TOO_LARGE */
export function productsOf(
  { inputs }: z.output<typeof inferRequest>,
  pictureBytes: number,
): PredictProduct[] {
  const rows = inputs[0]?.shape[0] ?? 0;
  const columns = new Map<string, readonly string[]>();
  const problems: FieldProblem[] = [];
  inputs.forEach(({ name, shape, data }, index) => {
    const values = data.flat();
    const wrong = (field: string, msg: string) =>
      problems.push({ loc: ['body', `inputs.${index}.${field}`], msg, type: 'value_error.tensor' });
    if (columns.has(name)) wrong('name', 'the tensor comes twice');
    if (shape[0] !== rows || (shape[1] ?? 1) !== 1) wrong('shape', `not [${rows}] or [${rows}, 1]`);
    if (values.length !== shape[0]) wrong('data', `${values.length} values do not fill the shape`);
    if (name !== 'image' && values.some((value) => longerThan(value, FIELD_CHARACTERS[name]))) {
      wrong('data', `ensure each value has at most ${FIELD_CHARACTERS[name]} characters`);
    }
    columns.set(name, values);
  });
  if (problems.length > 0) throw fieldsInvalid(problems);
  return Array.from({ length: rows }, (_, row) => {
    const at = (name: string) => columns.get(name)?.[row] ?? '';
    const image = at('image');
    if (at('designation') + at('description') + image === '') {
      const msg = `row ${row} has neither text nor picture`;
      throw fieldsInvalid([{ loc: ['body', 'inputs'], msg, type: 'value_error.missing' }]);
    }
    return {
      designation: at('designation'),
      description: at('description'),
      picture: image === '' ? null : pictureOf(image, pictureBytes, `inputs.image.${row}`),
    };
  });
}

/** The tensors that were asked for, or all. */
export function outputsOf(answers: readonly Answer[], wanted: readonly { readonly name: Output }[] = []) {
  const names = wanted.length > 0 ? [...new Set(wanted.map(({ name }) => name))] : NAMES;
  return names.map((name) => {
    const { datatype, shape, of }: OutputTensor = OUTPUTS[name];
    return { name, datatype, shape: [answers.length, ...shape.slice(1)], data: answers.flatMap(of) };
  });
}
