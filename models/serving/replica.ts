import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import { EtiquetteError, isEtiquetteError } from '../../errors.ts';
import type { Bundle } from '../bundle/format.ts';
import { readBundle } from '../bundle/load.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { ExplainInput, MlProcess, PredictOutcome, PredictProduct } from '../runtime/jobs.ts';
import { checkGolden, readGolden } from './golden.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface ReplicaOptions {
  readonly bundles: string;
  readonly encoders: string;
  readonly createMl: () => MlProcess;
  readonly loadTimeoutMs: number;
  readonly maxBatch: number;
  readonly log: Logger;
  /** Called when a child died and its bundle had to be loaded again. */
  readonly onRestart?: () => void;
}

/** A child process that holds one bundle. */
export interface Replica {
  readonly bundle: Bundle;
  /**
   * Answers products in one batch; a child that died since is replaced first.
   * @throws EtiquetteError SERVING_UNAVAILABLE while the bundle cannot be loaded again
   */
  predict(products: readonly PredictProduct[], signal: AbortSignal): Promise<readonly PredictOutcome[]>;
  /**
   * One slice of an explanation: null as input goes on with the last one, null as output is not the end.
   * @throws EtiquetteError as predict, or the product's own problem (PICTURE_...)
   */
  explain(input: ExplainInput | null, signal: AbortSignal): Promise<Explanation | null>;
  /** Whether the child that held the bundle is gone. */
  readonly lost: boolean;
  close(): Promise<void>;
}

/**
 * Starts a child, loads a bundle in it and checks its golden products. A failure leaves no child behind.
 * `stopping` ends this, and later reloads, early.
 * @throws EtiquetteError BUNDLE_UNKNOWN, BUNDLE_CORRUPT, BUNDLE_LOAD_FAILED or BUNDLE_GOLDEN_MISMATCH
 */
export async function startReplica(
  version: string,
  options: ReplicaOptions,
  stopping: AbortSignal,
): Promise<Replica> {
  const directory = join(options.bundles, version);
  // The version becomes a path: nothing but a version may pass.
  if (!/^[0-9a-f]{16}$/.test(version)) throw unknown(version);
  const bundle = await readBundle(directory);
  const golden = await readGolden(directory);
  const ml = options.createMl();
  try {
    const replica = hold(bundle, directory, ml, options, stopping);
    await replica.load();
    const outcomes: PredictOutcome[] = [];
    for (let start = 0; start < golden.products.length; start += options.maxBatch) {
      const batch = golden.products.slice(start, start + options.maxBatch);
      outcomes.push(...(await replica.predict(batch, AbortSignal.any([stopping, timeout(options)]))));
    }
    checkGolden(bundle, golden, outcomes);
    return replica;
  } catch (error) {
    await ml.close();
    throw loadFailure(version, error);
  }
}

function hold(
  bundle: Bundle,
  directory: string,
  ml: MlProcess,
  { encoders, log, onRestart, ...options }: ReplicaOptions,
  stopping: AbortSignal,
): Replica & { load(): Promise<void> } {
  let holder: number | undefined;
  let failures = 0;
  let notBefore = 0;

  async function load(): Promise<void> {
    const loaded = await ml.run(
      'loadBundle',
      { bundle: directory, encoders },
      { signal: AbortSignal.any([stopping, timeout(options)]) },
    );
    if (loaded.version !== basename(directory)) {
      throw new EtiquetteError(
        'BUNDLE_CORRUPT',
        `${directory} holds bundle ${loaded.version}. A bundle's folder has its version as name: rename it.`,
      );
    }
    holder = ml.pid;
  }

  async function reload(): Promise<void> {
    if (Date.now() < notBefore) throw unavailable(bundle.version);
    log.warn({ bundle: bundle.version }, 'the inference process is gone: loading its bundle again');
    onRestart?.();
    try {
      await load();
      failures = 0;
    } catch (cause) {
      if (stopping.aborted) throw cause;
      notBefore = Date.now() + Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
      failures += 1;
      log.error({ bundle: bundle.version, err: cause }, 'the bundle could not be loaded again');
      throw unavailable(bundle.version, cause);
    }
  }

  return {
    bundle,
    load,
    get lost() {
      return ml.pid === undefined || ml.pid !== holder;
    },
    async predict(products, signal) {
      if (this.lost) await reload();
      const { predictions } = await ml.run('predict', { products }, { signal });
      if (predictions.length !== products.length) {
        throw new Error(`${predictions.length} answers came back for ${products.length} products`);
      }
      return predictions;
    },
    async explain(input, signal) {
      if (this.lost) await reload();
      return ml.run('explain', input, { signal });
    },
    close: () => ml.close(),
  };
}

const timeout = ({ loadTimeoutMs }: { readonly loadTimeoutMs: number }) => AbortSignal.timeout(loadTimeoutMs);

function unknown(version: string): EtiquetteError {
  return new EtiquetteError(
    'BUNDLE_UNKNOWN',
    `There is no bundle "${version}". "npm run models" lists those there are.`,
  );
}

export function unavailable(version: string, cause?: unknown): EtiquetteError {
  return new EtiquetteError(
    'SERVING_UNAVAILABLE',
    `The process that holds bundle ${version} failed and is being replaced. Try again in a moment.`,
    { retryable: true, ...(cause === undefined ? {} : { cause }) },
  );
}

function loadFailure(version: string, error: unknown): EtiquetteError {
  if (isEtiquetteError(error) && error.code.startsWith('BUNDLE_')) return error;
  const passing =
    error instanceof Error &&
    (error.name === 'TimeoutError' || (isEtiquetteError(error) && error.code === 'ML_PROCESS_DIED'));
  return new EtiquetteError(
    'BUNDLE_LOAD_FAILED',
    `Bundle ${version} could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
    { retryable: passing, cause: error },
  );
}
