import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { FAMILY_NAMES } from '../models/families.ts';
import { connectClient } from '../temporal/connection.ts';
import { PROGRESS_QUERY, type RunProgress, type TrainAndDeployResult } from '../temporal/contracts.ts';
import { type TrainAndDeployInput, trainAndDeployInput } from '../temporal/inputs.ts';
import { reasonOf } from '../temporal/reason.ts';
import { startTraining } from '../temporal/training.ts';
import { followRun } from './follow.ts';

/** What a run does that is told nothing. */
const DEFAULTS = trainAndDeployInput.parse({});

const USAGE = `Usage: npm run train -- [options]

Starts the workflow trainAndDeploy: fetch, validate, split, train, evaluate, version, gate, deploy.

  --catalogue DIR_OR_URL  where the catalogue is (default: CATALOGUE_URL)
  --family NAME           one of ${FAMILY_NAMES.join(', ')} (default: ${DEFAULTS.family})
  --seed N                default: ${DEFAULTS.seed}
  --no-deploy             stop when the bundle is in the store
  --approval              a person decides: npm run approve, npm run reject
  --set PART.NAME=VALUE   a hyperparameter, or a part of the gate's or the rollout's rule, such as --set text.epochs=3, --set image.size=64
                          or --set gate.codeFall=0.2 (repeatable)
  --wait                  follow the run with a progress bar until it ends; the exit code tells: 0 deployed or waiting,
                          1 failed, 3 rejected by the gate
  --json                  print one JSON line at the end (implies --wait)
`;

/** 1 is a run that failed, 3 a sound run whose model was not good enough. */
const EXIT_CODES = { deployed: 0, waiting: 0, failed: 1, rejected: 3 } as const;

/** What `npm run train -- --json` prints. */
export interface TrainReport extends Omit<TrainAndDeployResult, 'bundleReused'> {
  readonly workflowId: string;
  readonly runId: string;
}

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      catalogue: { type: 'string' },
      family: { type: 'string' },
      seed: { type: 'string' },
      'no-deploy': { type: 'boolean' },
      approval: { type: 'boolean' },
      set: { type: 'string', multiple: true },
      wait: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const input: TrainAndDeployInput = {
    ...(values.catalogue === undefined ? {} : { catalogue: sourceOf(values.catalogue) }),
    ...(values.family === undefined ? {} : { family: values.family }),
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
    ...parameters(values.set ?? []),
    deploy: values.approval ? 'approval' : !values['no-deploy'],
    by: 'npm run train',
  };
  const config = readConfig();
  const client = await connectClient(config);
  try {
    const handle = await startTraining(client, config.PIPELINE_TASK_QUEUE, input);
    if (!values.wait && !values.json) {
      process.stdout.write(
        `Started ${handle.workflowId} (run ${handle.firstExecutionRunId}). Follow it in the Temporal Web UI.\n`,
      );
      return 0;
    }
    const report = await followTraining(handle, handle.firstExecutionRunId);
    if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else process.stdout.write(`${report.outcome}: ${report.reason}\n${learnedFrom(report)}`);
    for (const warning of report.warnings) process.stderr.write(`Warning: ${warning}\n`);
    return EXIT_CODES[report.outcome];
  } finally {
    await client.connection.close();
  }
}

function learnedFrom({ corrections }: TrainReport): string {
  if (!corrections) return '';
  const { rows, version, weight } = corrections;
  return `Among the products were ${rows} corrections (${version}), each counted ${weight} times.\n`;
}

/**
 * Shows a run's progress on the terminal until it ends, or waits for a person. A failed run is a result, not an
 * exception.
 */
export async function followTraining(handle: WorkflowHandle, runId: string): Promise<TrainReport> {
  const ids = { workflowId: handle.workflowId, runId };
  let last: RunProgress | undefined;
  let stop: (waiting: TrainAndDeployResult) => void = () => {};
  const waiting = new Promise<TrainAndDeployResult>((resolve) => {
    stop = resolve;
  });
  const ask = async () => {
    last = await handle.query<RunProgress>(PROGRESS_QUERY);
    if (last.waiting) stop(last.waiting.run);
    return last;
  };
  try {
    const ended: Promise<TrainAndDeployResult> = Promise.race([handle.result(), waiting]);
    const { bundleReused: _, ...rest } = await followRun(ended, ask);
    return { ...ids, ...rest };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const final = await ask().catch(() => last);
    return {
      ...ids,
      outcome: 'failed',
      reason: reasonOf(error),
      bundle: null,
      datasetVersion: null,
      stages: final?.stages ?? [],
      metrics: null,
      checks: [],
      report: null,
      mlflow: final?.mlflow ?? null,
      warnings: [],
    };
  }
}

/** Folders are named from where the command is called; the worker needs the whole path. */
export function sourceOf(catalogue: string): string {
  return /^https?:\/\//.test(catalogue) ? catalogue : resolve(process.env.INIT_CWD ?? '.', catalogue);
}

/** What --set can change of a run's input. */
type Part = 'text' | 'image' | 'gate' | 'rollout';

function parameters(settings: readonly string[]): Pick<TrainAndDeployInput, Part> {
  const parts: Record<Part, Record<string, unknown>> = { text: {}, image: {}, gate: {}, rollout: {} };
  for (const setting of settings) {
    const [, part, name, value] = /^(text|image|gate|rollout)\.(\w+)=(.+)$/.exec(setting) ?? [];
    if (!part || !name || value === undefined) {
      throw new EtiquetteError(
        'USAGE',
        `--set ${setting}: write text., image., gate. or rollout.NAME=VALUE.`,
      );
    }
    parts[part as Part][name] = literal(value);
  }
  return parts;
}

function literal(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
