import { join } from 'node:path';
import { champion } from '../models/bundle/deployments.ts';
import type { Metrics } from '../models/bundle/format.ts';
import { readBundle } from '../models/bundle/load.ts';
import { readScores } from '../models/bundle/scores.ts';
import { judge, type Verdict } from '../models/evaluation/gate.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { type Evaluated, type EvaluateInput, evaluateFused } from './evaluate.ts';

export interface GateInput extends EvaluateInput {
  readonly bundle: string;
  readonly evaluation: Evaluated;
}

/** Stage «gate»: the challenger against the champion, on the same test rows. */
export function createGate({ config, vision }: ActivityDeps) {
  return function gate(input: GateInput): Promise<Verdict & { champion: Metrics | null }> {
    return durable('gate', async ({ signal, report }) => {
      const current = await champion(config.deployments);
      if (current === input.bundle) {
        return { passed: true, reason: 'This bundle already serves.', champion: input.evaluation.metrics };
      }
      let championMetrics: Metrics | null = null;
      if (current !== null) {
        const file = join(input.evaluation.directory, `champion-${current}.safetensors`);
        const { fusion } = await readBundle(join(config.bundles, current));
        await vision.run(
          'predictRows',
          {
            bundle: join(config.bundles, current),
            encoders: config.encoders,
            rows: join(input.dataset.directory, 'test.ndjson'),
            picturesDirectory: input.dataset.catalogueDirectory,
            file,
          },
          { signal, onProgress: report },
        );
        championMetrics = evaluateFused(await readScores(file), fusion).metrics;
      }
      const verdict = judge({
        challenger: input.evaluation.metrics,
        champion: championMetrics,
        baseline: input.evaluation.baseline,
      });
      return { ...verdict, champion: championMetrics };
    });
  };
}
