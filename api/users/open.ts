import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { EtiquetteError } from '../../errors.ts';
import { openDatabase } from '../database/open.ts';
import type { Database } from '../database/schema.ts';
import { ensureEnvironmentUser } from './environment-user.ts';

/** What every process that lets users in starts with: the database, with the environment's user in it. */
export async function openUsersDatabase(config: Config, now: () => Date, log: Logger): Promise<Database> {
  const database = await openDatabase(config.database);
  try {
    const { TEST_USER: username, TEST_USER_FULLNAME: fullName, TEST_USER_PASSWORD: password } = config;
    if (password !== undefined) {
      await ensureEnvironmentUser(database, { username, fullName, password }, now, log);
    }
    await warnWithoutUsers(database, log);
    return database;
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

/** @throws EtiquetteError CONFIG_INVALID */
export function requireSecretKey({ SECRET_KEY }: Config): string {
  if (SECRET_KEY !== undefined) return SECRET_KEY;
  throw new EtiquetteError(
    'CONFIG_INVALID',
    'Set SECRET_KEY in .env or the environment: there are no built-in secrets. "npm start" writes one.',
  );
}

/** Nobody could do anything. */
async function warnWithoutUsers(database: Database, log: Logger): Promise<void> {
  const any = await database.selectFrom('users').select('username').limit(1).executeTakeFirst();
  if (any) return;
  log.warn('There is no user yet. Make one: npm run users -- add NAME --role admin');
}
