import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares in a time that tells nothing about the secret. */
export function isSecret(given: string | undefined, secret: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digest(secret));
}

const digest = (text: string) => createHash('sha256').update(text).digest();
