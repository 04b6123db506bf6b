import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { EtiquetteError } from '../../errors.ts';

/**
 * A password from the terminal, without echo and asked for twice; from standard input, its first line, where that is
 * no terminal. Never from an argument: those are seen by every user of the machine, and kept by shells.
 * @throws EtiquetteError PASSWORD_MISSING or PASSWORDS_DIFFER
 */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return firstLine(process.stdin);
  const password = await ask('Password: ');
  if ((await ask('The same again: ')) !== password) {
    throw new EtiquetteError('PASSWORDS_DIFFER', 'The two passwords are not the same. Nothing was changed.');
  }
  return password;
}

async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input });
  for await (const line of lines) return line;
  throw missing();
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silence, terminal: true });
  const given = new AbortController();
  // Ctrl-C and Ctrl-D.
  lines.once('close', () => given.abort());
  try {
    return await lines.question('', { signal: given.signal });
  } catch (cause) {
    throw given.signal.aborted ? missing() : cause;
  } finally {
    process.stderr.write('\n');
    lines.close();
  }
}

function missing(): EtiquetteError {
  return new EtiquetteError(
    'PASSWORD_MISSING',
    'There is no password. Type one, or write it to standard input. Nothing was changed.',
  );
}
