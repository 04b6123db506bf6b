import { EtiquetteError } from '../errors.ts';
import type { PredictProduct } from '../models/runtime/jobs.ts';
import { fieldsInvalid, missingField } from './errors.ts';
import { type Form, MULTIPART, readForm } from './form.ts';
import { FIELD_CHARACTERS, longerThan, TEXT_BYTES, TOP_K } from './product.ts';
import type { FieldProblem } from './refusal.ts';

/** The original demands every field; the ids are not used, there as here. */
const REQUIRED = ['product_identifier', 'designation', 'description', 'product_id', 'imageid'] as const;

/** @throws EtiquetteError those of `readForm` */
export function readProductForm(request: Request, pictureBytes: number): Promise<Form> {
  return readForm(request, { accept: MULTIPART, fieldBytes: TEXT_BYTES, fileBytes: pictureBytes });
}

/**
 * The product of a form. The picture's bytes are not looked at here: the inference process refuses what is no
 * picture, by the rules that training has.
 * @throws EtiquetteError FIELDS_INVALID, FIELD_TOO_LARGE
 */
export function productOf({ fields, files }: Form): PredictProduct {
  const problems: FieldProblem[] = [];
  for (const name of REQUIRED) {
    const value = fields.get(name) ?? '';
    if (files.has(name))
      problems.push({ loc: ['body', name], msg: 'str type expected', type: 'type_error.str' });
    else if (value === '') problems.push(missingField(name));
    else if (longerThan(value, FIELD_CHARACTERS[name])) throw fieldTooLong(name);
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

/** @throws EtiquetteError FIELDS_INVALID */
export function topKOf({ fields, files }: Form): number {
  const value = files.has('top_k') ? 'a file' : (fields.get('top_k') ?? '1');
  const topK = /^\d{1,2}$/.test(value) ? Number(value) : Number.NaN;
  if (topK >= TOP_K.least && topK <= TOP_K.most) return topK;
  const msg = `value is not an integer of ${TOP_K.least} to ${TOP_K.most}`;
  throw fieldsInvalid([{ loc: ['body', 'top_k'], msg, type: 'type_error.integer' }]);
}

function fieldTooLong(name: keyof typeof FIELD_CHARACTERS): EtiquetteError {
  const bound = FIELD_CHARACTERS[name];
  return new EtiquetteError('FIELD_TOO_LARGE', `The field "${name}" has more than ${bound} characters.`);
}
