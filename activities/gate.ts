import { join } from 'node:path';
import { champion } from '../models/bundle/deployments.ts';
import { readBundle } from '../models/bundle/load.ts';
import { readScores, type Scores } from '../models/bundle/scores.ts';
import { type Candidate, judge, type Verdict } from '../models/evaluation/gate.ts';
import type { GateRule } from '../models/evaluation/gate-rule.ts';
import { topClass } from '../models/evaluation/rows.ts';
import { type Fusion, fuse } from '../models/fusion/fuse.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { type Evaluated, type EvaluateInput, evaluateFused } from './evaluate.ts';

export interface GateInput extends EvaluateInput {
  readonly bundle: string;
  readonly evaluation: Evaluated;
  readonly rule: GateRule;
}

/** `reused`: there was nothing to judge. */
export interface Judged extends Verdict {
  readonly reused: boolean;
}

const TIMED_PRODUCTS = 20;

/** Stage «gate»: the challenger against the champion, on the same test rows and the same host. */
export function createGate({ config, vision }: ActivityDeps) {
  return function gate(input: GateInput): Promise<Judged> {
    return durable('gate', async ({ signal, report }) => {
      const { rule, evaluation, dataset } = input;
      const current = await champion(config.deployments);
      if (current === input.bundle) {
        return { passed: true, reason: 'This bundle already serves.', rule, checks: [], reused: true };
      }
      const testRows = {
        encoders: config.encoders,
        rows: join(dataset.directory, 'test.ndjson'),
        picturesDirectory: dataset.catalogueDirectory,
      };
      const tools = { signal, onProgress: report };
      const challenger = await readScores(join(evaluation.directory, 'test.safetensors'));
      let theirs: Candidate | null = null;
      if (current !== null) {
        const bundle = join(config.bundles, current);
        const file = join(evaluation.directory, `champion-${current}.safetensors`);
        await vision.run('predictRows', { ...testRows, bundle, file }, tools);
        theirs = candidateOf(await readScores(file), (await readBundle(bundle)).fusion);
      }
      const { milliseconds } = await vision.run(
        'timeBundle',
        { ...testRows, bundle: join(config.bundles, input.bundle), products: TIMED_PRODUCTS },
        tools,
      );
      const verdict = judge({
        rule,
        labels: challenger.labels,
        challenger: candidateOf(challenger, input.fusion),
        champion: theirs,
        baseline: evaluation.baseline,
        milliseconds,
      });
      return { ...verdict, reused: false };
    });
  };
}

function candidateOf(scores: Scores, fusion: Fusion): Candidate {
  const fused = fuse(scores, fusion);
  const answers = Int32Array.from(scores.labels, (_, row) => topClass(fused, row));
  return { answers, metrics: evaluateFused(scores, fusion).metrics };
}
