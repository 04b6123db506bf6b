import { EtiquetteError } from '../../errors.ts';
import type { Role, Scope } from '../roles.ts';

/** Who asks. */
export interface User {
  readonly username: string;
  readonly fullName: string;
  readonly role: Role;
  /** What this request may do: the role's scopes, or those of the API key that it came with. */
  readonly scopes: readonly Scope[];
  /** Of the API key that it came with. */
  readonly keyId?: string;
}

export const NAME_LENGTH = 64;
export const FULL_NAME_LENGTH = 128;
/** Control, format and unassigned characters, and lines' ends: names are shown in terminals and logs. */
const UNSHOWN = /[\p{C}\p{Zl}\p{Zp}]/u;

/** The form in which names are stored and looked up. "é" can be written in two ways that look the same. */
export function normalName(name: string): string {
  return name.normalize('NFC');
}

/** @throws EtiquetteError USER_INVALID */
export function checkUsername(name: string): string {
  return check('user name', name, NAME_LENGTH);
}

/** @throws EtiquetteError USER_INVALID */
export function checkFullName(name: string): string {
  return check('full name', name, FULL_NAME_LENGTH);
}

function check(what: string, name: string, length: number): string {
  const normal = normalName(name);
  if (normal === '' || normal.length > length || UNSHOWN.test(normal) || normal.trim() !== normal) {
    throw new EtiquetteError(
      'USER_INVALID',
      `The ${what} needs 1 to ${length} characters that can be seen, without blanks at its ends.`,
    );
  }
  return normal;
}
