import { cp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Part } from '../data/catalogue.ts';
import { fusionSchema, type Metrics } from '../models/bundle/format.ts';
import { readScores, type Scores } from '../models/bundle/scores.ts';
import { type Evaluation, evaluate as evaluateScores } from '../models/evaluation/metrics.ts';
import { INSIGHT, writeEvaluationReport } from '../models/evaluation/report.ts';
import { family } from '../models/families.ts';
import { type Fusion, fuse } from '../models/fusion/fuse.ts';
import type { EngineChoice, JudgedRows } from '../models/runtime/jobs.ts';
import { codeHash } from './code-hash.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { readPlan } from './features.ts';
import type { ScoredInput, TunedFusion } from './fuse.ts';
import { makeReference } from './reference.ts';
import { once } from './stage-store.ts';

const ENGINE_JOB = 'models/bundle/engine-job.ts';
const INSIGHT_JOB = 'models/evaluation/insight/job.ts';
const REFERENCE_JOB = 'models/bundle/reference-job.ts';
export interface EvaluateInput extends ScoredInput {
  readonly fusion: TunedFusion;
}

export interface Evaluated {
  /**
   * Holds evaluation.json, report.md, pictures, test.safetensors (the scores), insight/ (insight.json, .md, CSV), and
   * reference.json unless there were too few rows.
   */
  readonly directory: string;
  readonly metrics: Metrics;
  readonly baseline: Evaluation['baseline'];
  /** Absent where there was no choice, and in histories of before there was one. */
  readonly engine?: EngineChoice;
  /** The picture model with its engine, where that is not the float one that training left. */
  readonly imageModel?: string;
  readonly reused: boolean;
}

/** Fuses and evaluates the scores of labelled rows. */
export function evaluateFused(scores: Scores, fusion: Fusion): Evaluation {
  return evaluateScores({ ...scores, fused: fuse(scores, fusion) });
}

/** What the float engine said of the test rows, where another engine was chosen. */
export const FLOAT_SCORES = 'test-float.safetensors';

/**
 * Stage «evaluate»: the test rows are used here, once, after everything was chosen but the picture model's engine. That
 * is chosen by how alike the engines answer, and the metrics are of the one that will serve.
 */
export function createEvaluate({ config, ml, vision, log }: ActivityDeps) {
  return function evaluate(input: EvaluateInput): Promise<Evaluated> {
    return durable('evaluate', async ({ signal, report }) => {
      const { text, image, fusion } = input;
      const { directory, reused, result } = await once({
        root: config.stages,
        name: 'evaluate',
        inputs: {
          dataset: input.dataset.version,
          text: text.key,
          image: image.key,
          fusion: fusionSchema.parse(fusion),
          // The child process does these, so no import tells that their code belongs to this stage.
          insight: await codeHash(INSIGHT_JOB),
          engine: await codeHash(ENGINE_JOB),
          reference: await codeHash(REFERENCE_JOB),
        },
        module: 'activities/evaluate.ts',
        work: async (folder) => {
          const { ready, missing, encoder } = await readPlan(input.plan);
          const file = join(folder, 'test.safetensors');
          await ml.run(
            'score',
            {
              family: input.family,
              dataset: input.dataset,
              part: 'test',
              textModel: text.model,
              textEncoder: text.encoder?.file ?? null,
              textOutOfFold: null,
              imageOutOfFold: null,
              imageModel: image.model,
              shards: [...ready, ...missing],
              file,
            },
            { signal, onProgress: report },
          );
          const choice = await vision.run(
            'chooseEngine',
            {
              family: input.family,
              imageModel: image.model,
              encoder,
              calibration: partFile(input, 'train'),
              rows: partFile(input, 'test'),
              picturesDirectory: input.dataset.catalogueDirectory,
              scores: file,
              fusion,
              directory: join(folder, ENGINE),
            },
            { signal, onProgress: report },
          );
          if (choice) log.info(choice.engine, 'the engine of the picture model is chosen');
          if (choice?.quick) {
            await rename(file, join(folder, FLOAT_SCORES));
            await cp(join(folder, ENGINE, 'scores.safetensors'), file);
          }
          const reference = {
            ...{ family: input.family, dataset: input.dataset, fusion, scores: file },
            ...{ textModel: text.model, textEncoder: text.encoder?.file ?? null },
            imageModel: choice?.quick ? join(folder, ENGINE, 'model') : image.model,
            imageEncoder: encoder,
            shards: choice?.quick ? null : [...ready, ...missing],
          };
          await makeReference({ vision, log }, reference, folder, { signal, report });
          const evaluation = evaluateFused(await readScores(file), fusion);
          const insight = await ml.run(
            'insight',
            {
              judged: judgedRows(input, file),
              fusion,
              unseen: true,
              picturesDirectory: input.dataset.catalogueDirectory,
              directory: join(folder, INSIGHT),
            },
            { signal, onProgress: report },
          );
          await writeEvaluationReport(folder, {
            evaluation,
            // A model that does not learn in epochs has no curves.
            textSummary: text.summary.epochs.length > 0 ? text.summary : null,
            imageSummary: image.summary.epochs.length > 0 ? image.summary : null,
            fusionCurve: fusion.curve,
            missingEncoder: text.missing ?? null,
            insight,
          });
          return {
            metrics: evaluation.metrics,
            baseline: evaluation.baseline,
            engine: choice?.engine ?? null,
            quick: choice?.quick ?? false,
          };
        },
      });
      const { metrics, baseline, engine, quick } = result;
      return {
        ...{ directory, metrics, baseline, reused },
        ...(engine && { engine }),
        ...(quick && { imageModel: join(directory, ENGINE, 'model') }),
      };
    });
  };
}

/** The engine that was compared: `model` and `scores.safetensors`. */
const ENGINE = 'engine';

const partFile = ({ dataset }: EvaluateInput, part: Part) => join(dataset.directory, `${part}.ndjson`);

/** Every labelled row, with the answers that were not learnt from it. */
function judgedRows(input: EvaluateInput, test: string): JudgedRows[] {
  const { fusion } = input;
  const { text, image } = family(input.family);
  const file = (part: Part) => partFile(input, part);
  const tested: JudgedRows = { part: 'held-out', rows: [file('test')], answers: test };
  // As the job `score` chooses the rows to tune on.
  if (text.outOfFold && image.outOfFold) {
    return [{ part: 'training', rows: [file('train'), file('validation')], answers: fusion.scores }, tested];
  }
  return [
    { part: 'training', rows: [file('train')], answers: null },
    { part: 'held-out', rows: [file('validation')], answers: fusion.scores },
    tested,
  ];
}
