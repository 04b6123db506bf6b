import { basename, join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import type { Bundle } from '../bundle/format.ts';
import { readBundle } from '../bundle/load.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { ExplainInput, MlProcess, PredictOutcome, PredictProduct, WorkTimes } from '../runtime/jobs.ts';
import { bundleUnknown, loadFailure } from './errors.ts';
import { checkGolden, type GoldenSet, readGolden } from './golden.ts';

export interface ReplicaOptions {
  readonly encoders: string;
  readonly watched: boolean;
  readonly createMl: () => MlProcess;
  /** For loading the bundle, and again for each batch of its golden products. */
  readonly loadTimeoutMs: number;
  /** What takes longer hangs, unless products have lately been so slow that it may only be slow. */
  readonly hangsAfterMs: number;
  readonly maxBatch: number;
}

/**
 * So many times what a batch is expected to take, it may take. On a machine that is overloaded every process is slow:
 * to load a bundle again would only make it worse.
 */
const SLOW_TIMES = 5;

/** A bundle on disk that replicas are started from. */
export interface StoredBundle {
  readonly bundle: Bundle;
  readonly directory: string;
  readonly golden: GoldenSet;
}

/** A child process that holds one bundle, from its start to its death; it is never started again. */
export interface Replica {
  readonly bundle: Bundle;
  /** It has nothing to do. It does one thing at a time: whoever gives it work looks here first. */
  readonly idle: boolean;
  /** Its process died or hangs. It answers no more. */
  readonly lost: boolean;
  /** It was told to close, though it is not lost. */
  readonly leaving: boolean;
  /** Bytes of memory that its process holds more than when it was ready. */
  readonly growth: number;
  /** @param onWorked told when the process worked on them */
  predict(
    products: readonly PredictProduct[],
    onWorked?: (times: WorkTimes) => void,
  ): Promise<readonly PredictOutcome[]>;
  /**
   * One slice of an explanation: null as input goes on with the last one, null as output is not the end.
   * @throws EtiquetteError the product's own problem (PICTURE_...)
   */
  explain(input: ExplainInput | null): Promise<Explanation | null>;
  /** Resolves when its process is gone. */
  readonly exited: Promise<void>;
  /** Lets it end what it does, then ends its process. */
  close(): Promise<void>;
}

/** @throws EtiquetteError BUNDLE_UNKNOWN, BUNDLE_CORRUPT */
export async function readStored(bundles: string, version: string): Promise<StoredBundle> {
  // The version becomes a path: nothing but a version may pass.
  if (!/^[0-9a-f]{16}$/.test(version)) throw bundleUnknown(version);
  const directory = join(bundles, version);
  return { bundle: await readBundle(directory), directory, golden: await readGolden(directory) };
}

/**
 * Starts a child, loads a bundle in it and checks its golden products: a replica that is there has answered, and
 * its code and memory are warm. A failure leaves no child behind.
 * @throws EtiquetteError BUNDLE_CORRUPT, BUNDLE_LOAD_FAILED or BUNDLE_GOLDEN_MISMATCH
 */
export async function startReplica(
  { bundle, directory, golden }: StoredBundle,
  { encoders, watched, createMl, loadTimeoutMs, maxBatch, hangsAfterMs }: ReplicaOptions,
  stopping: AbortSignal,
): Promise<Replica> {
  const ml = createMl();
  const soon = () => ({ signal: AbortSignal.any([stopping, AbortSignal.timeout(loadTimeoutMs)]) });
  try {
    const loaded = await ml.run('loadBundle', { bundle: directory, encoders, watched }, soon());
    if (loaded.version !== basename(directory)) {
      throw new EtiquetteError(
        'BUNDLE_CORRUPT',
        `${directory} holds bundle ${loaded.version}. A bundle's folder has its version as name: rename it.`,
      );
    }
    const outcomes: PredictOutcome[] = [];
    let memory = 0;
    const from = performance.now();
    for (let start = 0; start < golden.products.length; start += maxBatch) {
      const products = golden.products.slice(start, start + maxBatch);
      const { predictions, rss } = await ml.run('predict', { products }, soon());
      outcomes.push(...predictions);
      memory = rss;
    }
    checkGolden(bundle, golden, outcomes);
    const perProduct = (performance.now() - from) / outcomes.length;
    return hold(bundle, ml, { memory, perProduct, hangsAfterMs });
  } catch (error) {
    await ml.close();
    throw loadFailure(bundle.version, error);
  }
}

function hold(
  bundle: Bundle,
  ml: MlProcess,
  { memory, hangsAfterMs, ...warm }: { memory: number; perProduct: number; hangsAfterMs: number },
): Replica {
  const { pid } = ml;
  let work: Promise<unknown> | null = null;
  let hangs = false;
  let growth = 0;
  /** Milliseconds, of late. */
  let { perProduct } = warm;
  let leaving = false;
  let closing: Promise<void> | null = null;
  const lost = () => hangs || ml.pid !== pid;

  /** A child that hangs is given up at once: whoever waits must not wait for its end too. */
  async function within<T>(task: Promise<T>, products: number): Promise<T> {
    const limit = Math.max(hangsAfterMs, SLOW_TIMES * perProduct * products);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        hangs = true;
        reject(new Error(`no answer within ${limit} ms`));
      }, limit);
    });
    const result = Promise.race([task, tooLong]);
    work = result;
    try {
      return await result;
    } finally {
      clearTimeout(timer);
      work = null;
    }
  }

  return {
    bundle,
    exited: ml.exited(),
    get idle() {
      return work === null;
    },
    get lost() {
      return lost();
    },
    get leaving() {
      return leaving;
    },
    get growth() {
      return growth;
    },
    async predict(products, onWorked) {
      const from = performance.now();
      const { predictions, rss } = await within(
        ml.run('predict', { products }, onWorked && { onWorked }),
        products.length,
      );
      perProduct = (perProduct + (performance.now() - from) / products.length) / 2;
      if (predictions.length !== products.length) {
        throw new Error(`${predictions.length} answers came back for ${products.length} products`);
      }
      growth = rss - memory;
      return predictions;
    },
    explain: (input) => within(ml.run('explain', input), 1),
    close() {
      leaving ||= !lost();
      closing ??= Promise.resolve(work)
        .catch(() => {})
        .then(() => ml.close());
      return closing;
    },
  };
}
