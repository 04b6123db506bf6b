import { z } from '@hono/zod-openapi';
import { TYPE_CODES } from '../data/type-codes.ts';

/** Bytes of all that is not the picture. */
export const TEXT_BYTES = 2 * 1024 * 1024;

/** What a product's fields may have at most, in Unicode characters as JSON Schema counts them. */
export const FIELD_CHARACTERS = {
  product_identifier: 1024,
  designation: 64 * 1024,
  description: TEXT_BYTES,
  product_id: 1024,
  imageid: 1024,
} as const;

export const TOP_K = { least: 1, most: TYPE_CODES.length } as const;

export function longerThan(text: string, characters: number): boolean {
  if (text.length <= characters) return false;
  let count = 0;
  for (const _ of text) count += 1;
  return count > characters;
}

/** What POST /predict answers about a product. */
export const answerSchema = z
  .object({
    predictions: z
      .array(
        z.object({
          label: z.string().openapi({ example: '2583', description: 'The type code' }),
          confidence: z.number().min(0).max(1),
          prediction: z.number().int().openapi({ description: "The code's place in the bundle's labels" }),
        }),
      )
      .min(1)
      .max(TOP_K.most)
      .openapi({ description: 'top_k of them, the most probable first' }),
    message: z.literal('Prediction successful'),
    prediction_id: z.uuid(),
    bundle_version: z.string(),
  })
  .openapi('Prediction');

/** Of an OpenAPI schema; zod's own maximum counts UTF-16 units. */
export const text = (characters: number) =>
  z
    .string()
    .refine((value) => !longerThan(value, characters), {
      error: `ensure this value has at most ${characters} characters`,
      params: { type: 'value_error.any_str.max_length' },
    })
    .openapi({ maxLength: characters });
const required = (characters: number) => text(characters).openapi({ minLength: 1 });

export const topKSchema = z
  .int()
  .min(TOP_K.least)
  .max(TOP_K.most)
  .optional()
  .openapi({ description: 'How many codes are wanted; default 1' });

/** Of the forms: which files the field `image` takes. */
export const PICTURE_ENCODING = {
  image: { contentType: 'image/jpeg, image/png, image/webp, image/gif, image/tiff, image/avif' },
};

/** The original's form in the OpenAPI document. Unknown fields are not looked at, as there. */
export const formSchema = z.object({
  product_identifier: required(FIELD_CHARACTERS.product_identifier),
  designation: required(FIELD_CHARACTERS.designation),
  description: required(FIELD_CHARACTERS.description),
  product_id: required(FIELD_CHARACTERS.product_id),
  imageid: required(FIELD_CHARACTERS.imageid),
  image: z
    .string()
    .openapi({ format: 'binary', minLength: 1, description: 'JPEG, PNG, WebP, GIF, TIFF or AVIF' }),
});
