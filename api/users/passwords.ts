import { hash, type Options, parseOptions, verify } from '@node-rs/argon2';
import { EtiquetteError } from '../../errors.ts';

/** argon2id as OWASP recommends: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const satisfies Options;

export const PASSWORD_LENGTH = 12;
/** Longer ones are nobody's password, and hashing them costs. */
export const PASSWORD_BYTES = 1024;

/** Each check takes 19 MiB and a thread of the pool that files are read with. */
const CHECKS_AT_ONCE = 2;
const CHECKS_WAITING = 32;

/** @returns a PHC string with parameters and salt; takes some 30 ms of a pool thread, none of the event loop */
export function hashPassword(password: string): Promise<string> {
  return hash(password, PARAMETERS);
}

export function verifyPassword(stored: string, attempt: string): Promise<boolean> {
  return verify(stored, attempt);
}

/** Whether a stored hash was made with other parameters than today's. */
export function isOutdated(stored: string): boolean {
  const { algorithm, memoryCost, timeCost, parallelism } = parseOptions(stored);
  return (
    algorithm !== ARGON2ID ||
    memoryCost !== PARAMETERS.memoryCost ||
    timeCost !== PARAMETERS.timeCost ||
    parallelism !== PARAMETERS.parallelism
  );
}

/** `Algorithm.Argon2id`, an ambient enum that leaves nothing at run time. */
const ARGON2ID = 2;

/** @throws EtiquetteError PASSWORD_UNFIT */
export function checkPassword(password: string): string {
  if (password.length < PASSWORD_LENGTH || Buffer.byteLength(password) > PASSWORD_BYTES) {
    throw new EtiquetteError(
      'PASSWORD_UNFIT',
      `A password needs at least ${PASSWORD_LENGTH} characters, and at most ${PASSWORD_BYTES} bytes.`,
    );
  }
  return password;
}

/**
 * Runs few tasks at a time.
 * @throws EtiquetteError LOGIN_BUSY when too many wait
 */
export function bounded(): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: Array<() => void> = [];
  return async (task) => {
    if (running < CHECKS_AT_ONCE) running += 1;
    else if (waiting.length < CHECKS_WAITING) await new Promise<void>((resolve) => waiting.push(resolve));
    else throw busy();
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

function busy(): EtiquetteError {
  return new EtiquetteError('LOGIN_BUSY', 'Too many logins are being checked. Try again in a moment.', {
    retryable: true,
  });
}
