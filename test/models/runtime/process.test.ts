import { strict as assert } from 'node:assert';
import { childVariables, createMlProcess } from '../../../models/runtime/process.ts';
import { supervise } from '../../../models/runtime/supervisor.ts';
import type { FixtureJobs } from './fixture-child.ts';

describe('the ML process', () => {
  it('finds its jobs in the child: an unknown family is FAMILY_UNKNOWN', async () => {
    const ml = createMlProcess({ threads: 1 });
    try {
      await assert.rejects(ml.run('trainText', { family: 'no-such' } as never), { code: 'FAMILY_UNKNOWN' });
    } finally {
      await ml.close();
    }
  });

  it('gives TensorFlow its threads, and the child no secret', async () => {
    const parent = {
      PATH: process.env.PATH,
      SECRET_KEY: 'stays in the parent',
      TF_ENABLE_ONEDNN_OPTS: '1',
      TF_NUM_INTRAOP_THREADS: '8',
    };
    const child = supervise<FixtureJobs>({
      name: 'test',
      entry: new URL('fixture-child.ts', import.meta.url),
      env: childVariables(3, { TF_CPP_MIN_LOG_LEVEL: '0' }, parent),
    });
    try {
      const variables = await child.run('environment', null);
      assert.equal(variables.SECRET_KEY, undefined);
      assert.equal(variables.TF_ENABLE_ONEDNN_OPTS, '1');
      assert.equal(variables.TF_NUM_INTRAOP_THREADS, '3');
      assert.equal(variables.TF_NUM_INTEROP_THREADS, '1');
      assert.equal(variables.OMP_NUM_THREADS, '3');
      assert.equal(variables.TF_CPP_MIN_LOG_LEVEL, '0');
    } finally {
      await child.close();
    }
  });
});
