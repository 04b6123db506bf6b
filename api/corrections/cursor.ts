import { EtiquetteError } from '../../errors.ts';
import type { CorrectionPlace } from '../database/corrections.ts';

const PLACE = /^(\d{4}-\d\d-\d\dT[\d:.]{12}Z) ([0-9a-f-]{36})$/;

export function cursorOf({ at, id }: CorrectionPlace): string {
  return Buffer.from(`${at} ${id}`).toString('base64url');
}

/** @throws EtiquetteError CURSOR_INVALID */
export function placeOf(cursor: string): CorrectionPlace {
  const [, at, id] = PLACE.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (at !== undefined && id !== undefined) return { at, id };
  const message = 'The cursor is none: take `next` of the page before, or leave it out.';
  throw new EtiquetteError('CURSOR_INVALID', message);
}
