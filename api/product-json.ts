import { z } from '@hono/zod-openapi';
import { EtiquetteError } from '../errors.ts';
import type { PredictProduct } from '../models/runtime/jobs.ts';
import { fieldsInvalid, missingField } from './errors.ts';
import { checked } from './json.ts';
import { FIELD_CHARACTERS, TEXT_BYTES, text, topKSchema } from './product.ts';

const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$';
const IS_BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const id = z.union([text(1024), z.int().min(0).max(Number.MAX_SAFE_INTEGER)]).nullish();
/** What a product can be read by: one of them is there at least. */
const READABLE = ['designation', 'description', 'image'] as const;

/** A product in JSON: text alone, a picture alone, or both. Where the original's form demands all, this does not. */
export const productMembers = {
  designation: text(FIELD_CHARACTERS.designation).nullish(),
  description: text(FIELD_CHARACTERS.description).nullish(),
  image: z
    .string()
    .nullish()
    .openapi({
      description: 'A picture file in base64',
      ...{ contentEncoding: 'base64' },
      pattern: BASE64,
      minLength: 4,
    }),
  product_identifier: id,
  product_id: id,
  imageid: id,
  top_k: topKSchema,
};

/** Of an OpenAPI schema. */
export const READABLE_PRODUCT = {
  description: `At least one of ${READABLE.join(', ')}, not empty. Ids are accepted and not used.`,
  anyOf: READABLE.map((name) => ({
    required: [name],
    properties: { [name]: { type: 'string' as const, minLength: name === 'image' ? 4 : 1 } },
  })),
};

export const productSchema = z.strictObject(productMembers).openapi('Product', {
  ...READABLE_PRODUCT,
  example: { designation: 'Piscine ronde', description: 'Piscine gonflable', top_k: 3 },
});

/** A line of /predict/batch: a product, and what its answer is to be known by. */
export const lineSchema = z.strictObject({
  ...productMembers,
  id: z.union([z.string().max(256), z.int()]).optional(),
});

export interface AskedProduct {
  readonly product: PredictProduct;
  readonly topK: number;
}

/** The longest JSON of a product whose picture has so many bytes. */
export function productBytes(pictureBytes: number): number {
  return Math.ceil(pictureBytes / 3) * 4 + TEXT_BYTES;
}

/** @throws EtiquetteError FIELDS_INVALID, PICTURE_EMPTY, PICTURE_TOO_LARGE */
export function productOfJson(body: unknown, pictureBytes: number): AskedProduct {
  return asked(checked(productSchema, body), pictureBytes);
}

/** @throws EtiquetteError FIELDS_INVALID, PICTURE_EMPTY, PICTURE_TOO_LARGE */
export function asked(
  { designation, description, image, top_k }: z.output<typeof productSchema>,
  pictureBytes: number,
): AskedProduct {
  if (!designation && !description && typeof image !== 'string') {
    throw fieldsInvalid(READABLE.map((name) => missingField(name)));
  }
  return {
    product: {
      designation: designation ?? '',
      description: description ?? '',
      picture: typeof image === 'string' ? pictureOf(image, pictureBytes) : null,
    },
    topK: top_k ?? 1,
  };
}

/**
 * The bytes of a picture in strict base64. Their number is known before they are decoded.
 * @throws EtiquetteError FIELDS_INVALID, PICTURE_EMPTY, PICTURE_TOO_LARGE
 */
export function pictureOf(image: string, pictureBytes: number, field = 'image'): Uint8Array {
  if (image === '') throw new EtiquetteError('PICTURE_EMPTY', 'The picture has no bytes. Send the file.');
  const padding = image.endsWith('==') ? 2 : image.endsWith('=') ? 1 : 0;
  if ((image.length / 4) * 3 - padding > pictureBytes) {
    throw new EtiquetteError(
      'PICTURE_TOO_LARGE',
      `The picture has more than ${pictureBytes} bytes. Send a smaller one.`,
    );
  }
  if (image.length % 4 !== 0 || !IS_BASE64.test(image)) {
    const msg = 'value is not base64: A-Z, a-z, 0-9, + and / only, padded with =, without "data:" in front';
    throw fieldsInvalid([{ loc: ['body', field], msg, type: 'value_error.base64' }]);
  }
  return Buffer.from(image, 'base64');
}
