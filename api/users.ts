import { hash, verify } from '@node-rs/argon2';
import { EtiquetteError } from '../errors.ts';
import type { Role } from './roles.ts';

export interface User {
  readonly username: string;
  readonly fullName: string;
  readonly role: Role;
}

export interface Users {
  /**
   * The user whose password this is, or null. Takes as long for a name that nobody has.
   * @throws EtiquetteError LOGIN_BUSY when too many logins are being checked
   */
  authenticate(username: string, password: string): Promise<User | null>;
  find(username: string): User | null;
}

/** Each check takes 19 MiB and a thread of the pool that files are read with. */
const CHECKS_AT_ONCE = 2;
const CHECKS_WAITING = 32;

/** The user of the environment, with the password hashed (argon2id) as soon as it is known. */
export async function createUsers({
  password,
  ...user
}: User & { readonly password: string }): Promise<Users> {
  // The same parameters for both, so that both take the same time.
  const [known, nobody] = await Promise.all([hash(password), hash(crypto.randomUUID())]);
  const check = bounded();
  return {
    async authenticate(username, attempt) {
      const exists = username === user.username;
      const right = await check(() => verify(exists ? known : nobody, attempt));
      return exists && right ? user : null;
    },
    find: (username) => (username === user.username ? user : null),
  };
}

function bounded(): <T>(task: () => Promise<T>) => Promise<T> {
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
