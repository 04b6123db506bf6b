import { z } from '@hono/zod-openapi';
import type { PredictProduct } from '../models/runtime/jobs.ts';
import { type FieldProblem, fieldsInvalid, missingField } from './errors.ts';
import { type Form, fieldTooLarge, MULTIPART, readForm } from './form.ts';

/** Of all that is not the picture. */
export const TEXT_BYTES = 2 * 1024 * 1024;

/** The original's form: every field is required, each has a bound (bytes of UTF-8). */
const FIELDS = {
  product_identifier: 1024,
  designation: 64 * 1024,
  description: TEXT_BYTES,
  product_id: 1024,
  imageid: 1024,
} as const;

/** The form in the OpenAPI document. */
export const productSchema = z.object({
  product_identifier: z.string().min(1),
  designation: z.string().min(1),
  description: z.string().min(1),
  product_id: z.string().min(1),
  imageid: z.string().min(1),
  image: z.string().openapi({ format: 'binary', description: 'JPEG, PNG, WebP, GIF, TIFF or AVIF' }),
});

/**
 * Reads a /predict form. The ids are required but not used, as in the original. The picture's bytes are not
 * looked at here: the inference process refuses what is no picture, by the rules that training has.
 * @throws EtiquetteError those of `readForm`, FIELDS_INVALID, FIELD_TOO_LARGE
 */
export async function readProduct(request: Request, pictureBytes: number): Promise<PredictProduct> {
  return productOf(await readProductForm(request, pictureBytes));
}

/** @throws EtiquetteError those of `readForm` */
export function readProductForm(request: Request, pictureBytes: number): Promise<Form> {
  return readForm(request, { accept: MULTIPART, fieldBytes: TEXT_BYTES, fileBytes: pictureBytes });
}

/** @throws EtiquetteError FIELDS_INVALID, FIELD_TOO_LARGE */
export function productOf({ fields, files }: Form): PredictProduct {
  const problems: FieldProblem[] = [];
  for (const [name, bound] of Object.entries(FIELDS)) {
    const value = fields.get(name) ?? '';
    if (files.has(name))
      problems.push({ loc: ['body', name], msg: 'str type expected', type: 'type_error.str' });
    else if (value === '') problems.push(missingField(name));
    else if (Buffer.byteLength(value) > bound) throw fieldTooLarge(name, bound);
  }
  const picture = files.get('image');
  if (!picture) problems.push(missingField('image'));
  if (!picture || problems.length > 0) throw fieldsInvalid(problems);
  return {
    designation: fields.get('designation') ?? '',
    description: fields.get('description') ?? '',
    picture,
  };
}
