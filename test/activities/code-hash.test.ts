import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeHash } from '../../activities/code-hash.ts';
import { PROJECT } from '../../config.ts';
import { FAMILY_NAMES, family } from '../../models/families.ts';

describe('the code hash of a stage', () => {
  let folder: string;
  let number = 0;
  before(async () => {
    folder = await mkdtemp(join(PROJECT, 'test/.code-hash-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('changes when an imported module changes, however deep', async () => {
    const entry = "import { a } from './a.ts';\nexport const b = a;\n";
    const deep = "export { a } from './deep.ts';\n";
    const one = await freshHash(entry, { 'a.ts': deep, 'deep.ts': 'export const a = 1;\n' });
    const same = await freshHash(entry, { 'a.ts': deep, 'deep.ts': 'export const a = 1;\n' });
    const other = await freshHash(entry, { 'a.ts': deep, 'deep.ts': 'export const a = 2;\n' });
    assert.equal(one, same);
    assert.notEqual(one, other);
  });

  it('does not change with a module that is imported for its types only', async () => {
    const entry = "import type { A } from './types.ts';\nexport const a: A = 1;\n";
    const one = await freshHash(entry, { 'types.ts': 'export type A = number;\n' });
    const other = await freshHash(entry, { 'types.ts': 'export type A = 1 | 2;\n' });
    assert.equal(one, other);
  });

  it('covers modules that are imported when they are needed', async () => {
    const entry = "export const load = () => import('./lazy.ts');\n";
    const one = await freshHash(entry, { 'lazy.ts': 'export const a = 1;\n' });
    const other = await freshHash(entry, { 'lazy.ts': 'export const a = 2;\n' });
    assert.notEqual(one, other);
  });

  it('can be computed for every part of every family', async () => {
    for (const name of FAMILY_NAMES) {
      const { modules } = family(name);
      assert.notEqual(await codeHash(modules.text), await codeHash(modules.image));
    }
  });

  /** Computes the hash in a folder of fixed name, in a fresh copy of the module under test. */
  async function freshHash(entry: string, files: Record<string, string>): Promise<string> {
    for (const [file, source] of Object.entries(files)) await writeFile(join(folder, file), source);
    await writeFile(join(folder, 'entry.ts'), entry);
    const module: typeof import('../../activities/code-hash.ts') = await import(
      `../../activities/code-hash.ts?fresh=${number++}`
    );
    return module.codeHash(join(folder, 'entry.ts').slice(PROJECT.length));
  }
});
