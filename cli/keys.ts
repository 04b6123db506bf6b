import { parseArgs } from 'node:util';
import { openDatabase } from '../api/database/open.ts';
import { SCOPES, type Scope } from '../api/roles.ts';
import { createKeys, type Key, type Keys } from '../api/users/keys.ts';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';

const USAGE = `Usage: npm run keys -- COMMAND

  add NAME --user USER --scopes predict,read [--days 90] [--json]   a key for a machine; NAME says what it is for
  list [--user USER] [--json]                                       every key, without its secret
  revoke ID                                                         end a key

Scopes: ${SCOPES.join(', ')}. A key may do at most what its user may. It is printed this once: keep it.
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      user: { type: 'string' },
      scopes: { type: 'string' },
      days: { type: 'string', default: '90' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [command, subject, ...tooMany] = positionals;
  if (tooMany.length > 0) throw usage();
  const database = await openDatabase(readConfig().database);
  try {
    const keys = createKeys(database, () => new Date());
    if (command === 'list' && subject === undefined) await list(keys, values.user, values.json);
    else if (command === 'revoke' && subject) {
      const { id, username } = await keys.revoke(subject);
      process.stdout.write(`The key ${id} of ${username} is revoked.\n`);
    } else if (command === 'add' && subject && values.user) {
      await add(keys, { ...values, name: subject, user: values.user });
    } else throw usage();
    return 0;
  } finally {
    await database.destroy();
  }
}

async function add(
  keys: Keys,
  asked: { name: string; user: string; scopes?: string; days: string; json: boolean },
): Promise<void> {
  const { secret, ...key } = await keys.add({
    username: asked.user,
    name: asked.name,
    scopes: scopesOf(asked.scopes ?? ''),
    days: Number(asked.days),
  });
  if (asked.json) process.stdout.write(`${JSON.stringify({ ...key, key: secret })}\n`);
  else {
    process.stderr.write(`${line(key)}This is the key. It is not shown again:\n`);
    process.stdout.write(`${secret}\n`);
  }
}

async function list(keys: Keys, user: string | undefined, asJson: boolean): Promise<void> {
  const found = await keys.list(user);
  if (asJson) process.stdout.write(`${JSON.stringify({ keys: found })}\n`);
  else if (found.length === 0) process.stdout.write('No key yet: npm run keys -- --help\n');
  else process.stdout.write(found.map(line).join(''));
}

function line({ id, username, scopes, expiresAt, lastUsedAt, name }: Key): string {
  const used = lastUsedAt === null ? 'never used' : `used ${lastUsedAt}`;
  return `${id}  ${username.padEnd(24)}${scopes.join(',').padEnd(28)}until ${expiresAt}  ${used}  ${name}\n`;
}

function scopesOf(text: string): Scope[] {
  return text
    .split(',')
    .filter((name) => name !== '')
    .map((name) => {
      const scope = SCOPES.find((known) => known === name);
      if (!scope) throw new EtiquetteError('USAGE', `There is no scope "${name}": ${SCOPES.join(', ')}.`);
      return scope;
    });
}

function usage(): EtiquetteError {
  return new EtiquetteError('USAGE', 'Say what to do: npm run keys -- --help.');
}
