import type { Logger } from 'pino';
import type { Database } from '../database/schema.ts';
import { endTokens, newUser } from './accounts.ts';
import { hashPassword, verifyPassword } from './passwords.ts';
import { checkUsername } from './user.ts';

/**
 * Brings in the user of TEST_USER and TEST_USER_PASSWORD: an operator, made once. What administrators change of it
 * stays; only another TEST_USER_PASSWORD than at the last start changes the password.
 * @throws EtiquetteError USER_INVALID
 */
export async function ensureEnvironmentUser(
  database: Database,
  user: { readonly username: string; readonly fullName: string; readonly password: string },
  now: () => Date,
  log: Logger,
): Promise<void> {
  const name = checkUsername(user.username);
  const found = await database
    .selectFrom('users')
    .select('environment_hash')
    .where('username', '=', name)
    .executeTakeFirst();
  if (!found) {
    const row = await newUser({ name, fullName: user.fullName, role: 'operator' }, user.password, now());
    // Another replica may have been first.
    const { numInsertedOrUpdatedRows } = await database
      .insertInto('users')
      .values({ ...row, environment_hash: row.password_hash })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows)
      log.info({ audit: 'user.add', by: 'TEST_USER', username: name, role: 'operator' }, 'a user was added');
    return;
  }
  const { environment_hash: last } = found;
  if (last !== null && (await verifyPassword(last, user.password))) return;
  const password_hash = await hashPassword(user.password);
  await database
    .updateTable('users')
    .set({
      password_hash,
      environment_hash: password_hash,
      changed_at: now().toISOString(),
      ...(await endTokens(database, name, now())),
    })
    .where('username', '=', name)
    .execute();
  log.info({ audit: 'user.password', by: 'TEST_USER', username: name }, 'TEST_USER_PASSWORD was changed');
}
