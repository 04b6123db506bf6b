import { strict as assert } from 'node:assert';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { prepareTextEncoder } from '../../activities/encoders.ts';
import { readConfig } from '../../config.ts';
import { joined } from '../../models/text/joined/recipe.ts';
import { inFolder } from '../support/tiny-catalogue.ts';

describe("a text model's encoder", () => {
  const tools = { signal: new AbortController().signal, report: () => {} };
  const retry = { attempts: 2, firstDelay: 1, mostDelay: 1 };
  const warnings: unknown[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(JSON.parse(line)) });
  const prepare = (folder: string, more: Record<string, string>, parameters = {}) =>
    prepareTextEncoder(
      joined,
      parameters,
      { config: readConfig({ VAR_DIR: folder, ...more }), log },
      tools,
      retry,
    );
  const { PATH } = process.env;
  afterEach(() => {
    process.env.PATH = PATH;
  });

  it('is done without when it can be had from nowhere, which the log and the result tell', () =>
    inFolder(async (folder) => {
      // No uv, no pip: nothing to fetch it with.
      process.env.PATH = join(folder, 'empty');
      await mkdir(process.env.PATH);
      const found = await prepare(folder, {});
      assert.deepEqual(found, { encoder: null, missing: 'use-multilingual-3' });
      assert.equal(warnings.length, 1);
    }));

  it('is not missed when none was asked for', () =>
    inFolder(async (folder) => {
      assert.deepEqual(await prepare(folder, {}, { encoder: 'none' }), { encoder: null, missing: null });
    }));

  it("is an error when it is the operator's own and cannot be used", () =>
    inFolder(async (folder) => {
      await assert.rejects(prepare(folder, { TEXT_ENCODER: join(folder, 'nowhere') }), {
        code: 'ENCODER_MISSING',
      });
    }));
});
