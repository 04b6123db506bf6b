import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCorrections } from '../../api/database/corrections.ts';
import { openDatabase } from '../../api/database/open.ts';
import { createPredictions } from '../../api/database/predictions.ts';
import { PROJECT } from '../../config.ts';

const PREDICTION = '11111111-1111-4111-8111-111111111111';

describe('npm run corrections', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-corrections-'));
    const database = await openDatabase({ file: join(directory, 'etiquette.db') });
    const prediction = { id: PREDICTION, bundle: 'aaaaaaaaaaaaaaaa', code: 2583 };
    const at = '2026-01-02T03:04:05.678Z';
    await createPredictions(database).record({
      ...{ ...prediction, at, confidence: 0.5 },
      ...{ inputs_hash: 'a'.repeat(64), features: null, codes: null, seconds: null },
    });
    await createCorrections(database).put({
      ...{ prediction, inputsHash: 'a'.repeat(64), by: 'ada', at, code: 1302, note: null },
      ...{ designation: 'Balançoire\n\x1b[2Jen bois', description: '', picture: null },
    });
    await database.destroy();
  });
  after(() => rm(directory, { recursive: true }));

  function run(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
    return new Promise((resolve) => {
      const command = [join(PROJECT, 'cli/etiquette.mjs'), 'corrections', ...args];
      const env = { ...process.env, VAR_DIR: directory, DATABASE_URL: '' };
      execFile(process.execPath, command, { env }, (error, output, errors) =>
        resolve({ code: Number(error?.code ?? 0), output, errors }),
      );
    });
  }

  it('lists, exports and withdraws', async () => {
    const { output } = await run();
    assert.match(
      output,
      new RegExp(`${PREDICTION}  2583 -> 1302    Outdoor play  by ada: Balançoire \\[2Jen bois\n`),
    );
    assert.match(output, /\n1 corrected, 0 confirmed\n$/);

    const to = join(directory, 'exported');
    const { version, rows, directory: folder } = JSON.parse((await run('export', to, '--json')).output);
    assert.deepEqual([rows, folder, await readdir(to)], [1, join(to, version), [version]]);

    const withdrawn = await run('withdraw', PREDICTION);
    assert.deepEqual(
      [withdrawn.code, withdrawn.output],
      [0, 'The correction 2583 -> 1302 by ada is withdrawn.\n'],
    );
    const again = await run('withdraw', PREDICTION);
    assert.equal(again.code, 1);
    assert.match(again.errors, /^CORRECTION_UNKNOWN: /);
    const { confirmed, corrected, corrections } = JSON.parse((await run('list', '--json')).output);
    assert.deepEqual([confirmed, corrected, corrections], [0, 0, []]);
  });

  it('refuses what it does not know', async () => {
    const { code, errors } = await run('delete', PREDICTION);
    assert.equal(code, 2);
    assert.match(errors, /^USAGE: /);
  });
});
