import { strict as assert } from 'node:assert';
import { appendFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { MlProcess } from '../../../models/runtime/jobs.ts';
import { createInference, type InferenceService } from '../../../models/serving/inference.ts';
import { fixtureBundle, fixtureMl } from './fixture-bundle.ts';

const POOL = 23;
const TOYS = 7;

describe('deploying a bundle that fails', () => {
  const children: MlProcess[] = [];
  let bundles: string;
  let directory: string;
  let inference: InferenceService;
  let serving: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-refusal-'));
    bundles = join(directory, 'bundles');
    inference = createInference({
      bundles,
      encoders: directory,
      createMl: () => {
        const child = fixtureMl();
        children.push(child);
        return child;
      },
      maxQueue: 8,
      log: pino({ level: 'silent' }),
    });
    serving = await fixtureBundle(bundles, { favourite: POOL });
    await inference.deploy(serving);
  });

  after(async () => {
    await inference.close();
    await rm(directory, { recursive: true });
  });

  const failures: ReadonlyArray<{
    what: string;
    code: string;
    message?: RegExp;
    make(): Promise<string>;
  }> = [
    { what: 'does not exist', code: 'BUNDLE_UNKNOWN', make: async () => '0123456789abcdef' },
    { what: 'is a path', code: 'BUNDLE_UNKNOWN', make: async () => '../bundles' },
    {
      what: 'has a changed file',
      code: 'BUNDLE_CORRUPT',
      async make() {
        const version = await fixtureBundle(bundles, { favourite: TOYS });
        await appendFile(join(bundles, version, 'text', 'favourite'), ' ');
        return version;
      },
    },
    {
      what: 'has lost its golden products',
      code: 'BUNDLE_CORRUPT',
      async make() {
        const version = await fixtureBundle(bundles, { favourite: TOYS });
        await rm(join(bundles, version, 'golden'), { recursive: true });
        return version;
      },
    },
    {
      what: 'lies in a folder of another name',
      code: 'BUNDLE_CORRUPT',
      async make() {
        const version = await fixtureBundle(bundles, { favourite: TOYS });
        await rename(join(bundles, version), join(bundles, 'ffffffffffffffff'));
        return 'ffffffffffffffff';
      },
    },
    {
      what: 'cannot be loaded',
      code: 'BUNDLE_LOAD_FAILED',
      make: () => fixtureBundle(bundles, { favourite: Number.NaN, golden: TOYS }),
    },
    {
      what: 'answers its golden product otherwise',
      code: 'BUNDLE_GOLDEN_MISMATCH',
      message: /golden product 1 \("Piscine ronde"\) with 1280 at 0\.9000; it answered 2583 at 0\.9000/,
      make: () => fixtureBundle(bundles, { favourite: TOYS, golden: POOL }),
    },
  ];

  for (const { what, code, message, make } of failures) {
    it(`${code} when it ${what}; the old one serves on and no process is left`, async () => {
      await assert.rejects(inference.deploy(await make()), (error: Error & { code: string }) => {
        assert.equal(error.code, code);
        if (message) assert.match(error.message, message);
        return true;
      });
      const left = children.slice(1).filter(({ pid }) => pid !== undefined);
      assert.equal(left.length, 0);
      const prediction = await inference.predict({ designation: 'Piscine', description: '', picture: null });
      assert.equal(prediction.version, serving);
    });
  }
});
