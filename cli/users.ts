import { parseArgs } from 'node:util';
import { openDatabase } from '../api/database/open.ts';
import { ROLES, type Role } from '../api/roles.ts';
import { type Account, type Accounts, createAccounts } from '../api/users/accounts.ts';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { readPassword } from './users/password.ts';

const USAGE = `Usage: npm run users -- COMMAND

  add NAME --role ROLE [--name "Full Name"]   a new user; the password is asked for
  list [--json]                               every user
  role NAME ROLE                              another role
  password NAME                               another password, which is asked for
  disable NAME, enable NAME                   keep out, with tokens and API keys; let in again
  sign-out NAME                               end the tokens that NAME has; API keys go on
  remove NAME                                 with all API keys

Roles: predictor (predicts, and sees runs and deployments), operator (also trains, approves, rolls back), admin (also
users and API keys). Where there is no terminal the password is the first line of standard input.
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      role: { type: 'string' },
      name: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [command = '', name = '', ...more] = positionals;
  const database = await openDatabase(readConfig().database);
  try {
    const accounts = createAccounts(database, () => new Date());
    if (command === 'list' && name === '') await list(accounts, values.json ?? false);
    else await change(accounts, { command, name, more, role: values.role, fullName: values.name });
    return 0;
  } finally {
    await database.destroy();
  }
}

interface Asked {
  readonly command: string;
  readonly name: string;
  readonly more: readonly string[];
  readonly role: string | undefined;
  readonly fullName: string | undefined;
}

async function change(accounts: Accounts, { command, name, more, role, fullName }: Asked): Promise<void> {
  const [newRole, ...tooMany] = more;
  const say = (line: string) => process.stdout.write(`${line}\n`);
  if (name === '' || tooMany.length > 0 || (newRole !== undefined && command !== 'role')) throw usage();
  switch (command) {
    case 'add': {
      const as = roleOf(role);
      const added = await accounts.add({
        username: name,
        fullName,
        role: as,
        password: await readPassword(),
      });
      return void say(`${added.username} is ${article(as)}.`);
    }
    case 'role': {
      const as = roleOf(newRole);
      await accounts.change(name, { role: as });
      return void say(`${name} is ${article(as)} now. The tokens from before are not valid any more.`);
    }
    case 'password':
      await accounts.change(name, { password: await readPassword() });
      return void say(`${name} has another password. The tokens from before are not valid any more.`);
    case 'disable':
      await accounts.change(name, { disabled: true });
      return void say(`${name} is kept out.`);
    case 'enable':
      await accounts.change(name, { disabled: false });
      return void say(`${name} may log in.`);
    case 'sign-out':
      await accounts.signOut(name);
      return void say(`The tokens of ${name} are not valid any more.`);
    case 'remove':
      await accounts.remove(name);
      return void say(`${name} is removed.`);
    default:
      throw usage();
  }
}

async function list(accounts: Accounts, asJson: boolean): Promise<void> {
  const users = await accounts.list();
  if (asJson) process.stdout.write(`${JSON.stringify({ users })}\n`);
  else if (users.length === 0) process.stdout.write('No user yet: npm run users -- add NAME --role admin\n');
  else process.stdout.write(users.map(line).join(''));
}

function line({ username, fullName, role, disabled, createdAt }: Account): string {
  const state = disabled ? 'disabled' : '';
  return `${username.padEnd(24)}${role.padEnd(11)}${state.padEnd(10)}${createdAt}  ${fullName}\n`;
}

function roleOf(text: string | undefined): Role {
  const role = ROLES.find((known) => known === text);
  if (!role) throw new EtiquetteError('USAGE', `Name the role: ${ROLES.join(', ')}.`);
  return role;
}

function article(role: Role): string {
  return role === 'predictor' ? `a ${role}` : `an ${role}`;
}

function usage(): EtiquetteError {
  return new EtiquetteError('USAGE', 'Give a command and a name: npm run users -- --help.');
}
