import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../data/atomic.ts';
import { canonicalJson } from '../models/bundle/format.ts';
import { codeHash } from './code-hash.ts';
import { noteUse } from './last-use.ts';

export interface StageWork<T> {
  readonly root: string;
  readonly name: string;
  /** Everything that decides the result, as JSON: hashes rather than paths. */
  readonly inputs: unknown;
  /** The module that does the work, relative to the project: it and all that it imports join the key. */
  readonly module: string;
  readonly work: (directory: string, key: string) => Promise<T>;
}

export interface StageResult<T> {
  readonly key: string;
  readonly directory: string;
  readonly reused: boolean;
  readonly result: T;
}

/**
 * A stage's folder is named by the hash of its inputs and code, and result.json is written last. So a stage
 * that was done is not done again, and one that was killed finds its checkpoints where it left them.
 */
export async function once<T>({ root, name, inputs, module, work }: StageWork<T>): Promise<StageResult<T>> {
  const code = await codeHash(module);
  const key = createHash('sha256').update(canonicalJson({ name, inputs, code })).digest('hex').slice(0, 16);
  const directory = join(root, `${name}-${key}`);
  const file = join(directory, 'result.json');
  await noteUse(directory);
  try {
    return { key, directory, reused: true, result: JSON.parse(await readFile(file, 'utf8')) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(directory, { recursive: true });
  const result = await work(directory, key);
  await writeAtomic(file, JSON.stringify(result));
  return { key, directory, reused: false, result };
}
