import type { Context } from 'hono';
import { MOST_TEXT_BYTES } from '../../data/corrections.ts';
import { isTypeCode, type TypeCode } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import type { PredictProduct } from '../../models/runtime/jobs.ts';
import type { PredictionRecord } from '../database/predictions.ts';
import type { ApiEnvironment } from '../environment.ts';
import { fieldsInvalid } from '../errors.ts';
import { type Form, MULTIPART } from '../form.ts';
import { bytesOf, checked, JSON_TYPE, parseJson } from '../json.ts';
import { longerThan } from '../product.ts';
import { productOf, readProductForm } from '../product-form.ts';
import { asked, productBytes } from '../product-json.ts';
import { correctionBody, NOTE_CHARACTERS } from './document.ts';

/** A product again, and the code that is right. */
export interface AskedCorrection {
  readonly product: PredictProduct;
  readonly code: TypeCode;
  readonly note: string | null;
}

/** @throws EtiquetteError those of reading a product, and FIELDS_INVALID, FIELD_TOO_LARGE */
export async function readCorrection(
  c: Context<ApiEnvironment>,
  pictureBytes: number,
): Promise<AskedCorrection> {
  const type = c.req.header('content-type') ?? '';
  const given = JSON_TYPE.test(type)
    ? ofJson(parseJson(await bytesOf(c.req.raw, productBytes(pictureBytes))), pictureBytes)
    : MULTIPART.test(type)
      ? ofForm(await readProductForm(c.req.raw, pictureBytes))
      : null;
  if (!given) {
    throw new EtiquetteError(
      'CONTENT_TYPE_UNSUPPORTED',
      'Send multipart/form-data or application/json in UTF-8.',
    );
  }
  const { designation, description } = given.product;
  if (Buffer.byteLength(designation) + Buffer.byteLength(description) > MOST_TEXT_BYTES) {
    throw new EtiquetteError(
      'FIELD_TOO_LARGE',
      `Designation and description have more than ${MOST_TEXT_BYTES} bytes: a catalogue takes no such product.`,
    );
  }
  return given;
}

function ofJson(body: unknown, pictureBytes: number): AskedCorrection {
  const { code, note, ...product } = checked(correctionBody, body);
  return { product: asked(product, pictureBytes).product, code, note: note || null };
}

function ofForm(form: Form): AskedCorrection {
  const code = form.fields.get('code') ?? '';
  const value = /^\d{1,4}$/.test(code) ? Number(code) : Number.NaN;
  if (!isTypeCode(value)) {
    throw fieldsInvalid([{ loc: ['body', 'code'], msg: 'value is not a type code', type: 'value_error' }]);
  }
  const note = form.fields.get('note') ?? '';
  if (longerThan(note, NOTE_CHARACTERS)) {
    throw new EtiquetteError(
      'FIELD_TOO_LARGE',
      `The field "note" has more than ${NOTE_CHARACTERS} characters.`,
    );
  }
  return { product: productOf(form), code: value, note: note || null };
}

/** @throws EtiquetteError CORRECTION_PRODUCT_DIFFERS */
export function requireSame({ id, inputs_hash }: PredictionRecord, hash: string): void {
  if (inputs_hash === hash) return;
  throw new EtiquetteError(
    'CORRECTION_PRODUCT_DIFFERS',
    inputs_hash === null
      ? `The prediction ${id} is from before products were told apart. Predict the product again and correct that.`
      : `This is not the product of the prediction ${id}. Send texts and picture as they were sent to be predicted.`,
  );
}
