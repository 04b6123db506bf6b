import { deepEqual } from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EVERY_IMPORT, RUN_TIME_IMPORTS } from '../../.dependency-cruiser.mjs';
import { brokenStreets } from '../../cli/linting/streets.ts';

describe('the lint of the one-way streets', () => {
  let project: string;
  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'etiquette-streets-'));
  });
  afterEach(() => rm(project, { recursive: true }));

  async function broken(files: Record<string, string>): Promise<string[]> {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(project, file)), { recursive: true });
      await writeFile(join(project, file), text);
    }
    const lines = await brokenStreets(project, {
      everyImport: EVERY_IMPORT,
      runTimeImports: RUN_TIME_IMPORTS,
    });
    return lines.sort();
  }

  it('refuses what runs against them', async () => {
    const lines = await broken({
      'config.ts': 'export const config = 1;',
      'activities/train.ts': 'export const train = 1;',
      'models/text.ts':
        "import '@temporalio/client'; import { config } from '../config.ts'; export type T = number;",
      'data/read.ts': "import type { T } from '../models/text.ts'; import 'hono';",
      'workflows/run.ts': "import { train } from '../activities/train.ts'; import 'node:fs';",
      'workflows/other.ts': "import { Client } from '@temporalio/client';",
      'api/app.ts': "import '../models/text.ts'; import { Connection } from '@temporalio/client';",
      'models/a.ts': "import './b.ts';",
      'models/b.ts': "import './a.ts';",
    });
    deepEqual(lines, [
      'api-gets-its-temporal-client-handed-in: api/app.ts -> @temporalio/client',
      'api-knows-only-serving: api/app.ts -> models/text.ts',
      'data-stands-alone: data/read.ts -> hono',
      'data-stands-alone: data/read.ts -> models/text.ts',
      'models-know-no-processes: models/text.ts -> @temporalio/client',
      'no-circles: models/a.ts -> models/b.ts -> models/a.ts',
      'only-entry-points-read-config: models/text.ts -> config.ts',
      'workflows-are-deterministic: workflows/run.ts -> activities/train.ts',
      'workflows-touch-no-node-module: workflows/run.ts -> fs',
      'workflows-use-only-the-workflow-sdk: workflows/other.ts -> @temporalio/client',
    ]);
  });

  it('lets types pass where only run time counts, and what the plan allows', async () => {
    const lines = await broken({
      'config.ts': 'export const config = 1; export type Config = number;',
      'activities/train.ts': 'export const train = 1; export type Train = number;',
      'models/text.ts': "import type { Config } from '../config.ts'; export type T = Config;",
      'models/serving/inference.ts': "import '../text.ts';",
      'data/read.ts': "import 'csv-parse';",
      'temporal/contracts.ts': 'export const a = 1;',
      'workflows/run.ts':
        "import type { Train } from '../activities/train.ts'; import '@temporalio/workflow'; import '../temporal/contracts.ts';",
      'api/app.ts': "import type { T } from '../models/text.ts'; import '../models/serving/inference.ts';",
      'api/main.ts': "import '../config.ts'; import './app.ts';",
      'cli/train.ts': "import '../config.ts'; import '@temporalio/client';",
    });
    deepEqual(lines, []);
  });
});
