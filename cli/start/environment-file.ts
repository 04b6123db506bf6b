import { randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const RANDOM = ['SECRET_KEY', 'DEPLOY_TOKEN', 'TEST_USER_PASSWORD'];

/**
 * Writes `.env` from `.env.example` with random secrets, readable by its owner only. An existing file is
 * left alone, even when it appears meanwhile.
 * @returns the first user's password, or null when there was a file
 */
export async function writeEnvironmentFile(project: string): Promise<string | null> {
  const file = join(project, '.env');
  let password = '';
  const lines = (await readFile(join(project, '.env.example'), 'utf8')).split('\n').map((line) => {
    const name = line.replace(/=$/, '');
    if (name === line || !RANDOM.includes(name)) return line;
    const value = randomBytes(name === 'TEST_USER_PASSWORD' ? 12 : 32).toString('base64url');
    if (name === 'TEST_USER_PASSWORD') password = value;
    return `${name}=${value}`;
  });
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(lines.join('\n'));
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // A link, since a rename would replace a file that somebody else has just written.
    await link(temporary, file);
    return password;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  } finally {
    await rm(temporary);
  }
}
