import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bundle } from '../bundle/format.ts';
import { type Replica, type ReplicaOptions, readStored, startReplica } from './replica.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface PoolOptions extends ReplicaOptions {
  readonly bundles: string;
  readonly processes: number;
  /** A process that holds so many bytes more than when it was ready is replaced. */
  readonly growthBytes: number;
  readonly log: Logger;
  /** Called when a process died or hung. */
  readonly onRestart?: (() => void) | undefined;
  /** Called when a process that had grown was replaced. */
  readonly onRecycle?: (() => void) | undefined;
}

export interface Processes {
  readonly ready: number;
  readonly wanted: number;
}

/** The child processes that hold one bundle. It keeps as many alive as are wanted. */
export interface Pool {
  readonly bundle: Bundle;
  /** Those that are ready, in work or not. */
  readonly replicas: ReadonlySet<Replica>;
  readonly processes: Processes;
  /** None is left, and none can be started: to wait does not help. */
  readonly broken: boolean;
  /** `onChange` is called when a process gets ready and when none can be started. */
  watch(onChange: () => void): void;
  /** To be called after each piece of work: replaces a process that is lost or has grown. */
  inspect(replica: Replica): void;
  /** Ends every process when it has done what it does. */
  close(): Promise<void>;
}

/**
 * Starts a pool. It is there when all of its processes are: to switch to fewer would cost capacity just when the old
 * pool's is given up, and a start that calls itself ready draws the whole load. One is loaded after the other, so
 * that those that serve meanwhile keep most of the machine; the first that fails ends it, with no process left.
 * @throws EtiquetteError BUNDLE_UNKNOWN, BUNDLE_CORRUPT, BUNDLE_LOAD_FAILED or BUNDLE_GOLDEN_MISMATCH
 */
export async function startPool(version: string, options: PoolOptions, stopping: AbortSignal): Promise<Pool> {
  const { processes: wanted, growthBytes, log, onRestart, onRecycle } = options;
  const stored = await readStored(options.bundles, version);
  const closing = new AbortController();
  const ready = new Set<Replica>();
  /** They serve until another one is there. */
  const grown = new Set<Replica>();
  const leaving = new Set<Promise<void>>();
  let filling: Promise<void> | null = null;
  let started = false;
  let failing = false;
  let changed = () => {};

  async function add(signal: AbortSignal): Promise<void> {
    const replica = await startReplica(stored, options, signal);
    ready.add(replica);
    void replica.exited.then(() => inspect(replica));
  }

  function remove(replica: Replica): void {
    ready.delete(replica);
    grown.delete(replica);
    const gone = replica
      .close()
      .catch((err: unknown) => log.error({ err }, 'an inference process could not be closed'))
      .finally(() => leaving.delete(gone));
    leaving.add(gone);
  }

  function inspect(replica: Replica): void {
    if (!started || closing.signal.aborted || !ready.has(replica)) return;
    if (replica.lost) {
      log.warn({ bundle: version }, 'an inference process is gone: another one is started');
      onRestart?.();
      remove(replica);
    } else if (replica.growth > growthBytes && !grown.has(replica)) {
      log.info({ bundle: version, bytes: replica.growth }, 'an inference process has grown: it is replaced');
      grown.add(replica);
    }
    refill();
  }

  function refill(): void {
    if (!started || filling || closing.signal.aborted || ready.size - grown.size >= wanted) return;
    filling = fill().finally(() => {
      filling = null;
      refill();
    });
  }

  /** One at a time: to load a bundle takes every core for a moment. */
  async function fill(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted && ready.size - grown.size < wanted; ) {
      try {
        await add(closing.signal);
        [failures, failing] = [0, false];
        const [old] = grown;
        if (old && ready.size > wanted) {
          remove(old);
          onRecycle?.();
        }
        changed();
      } catch (err) {
        if (closing.signal.aborted) return;
        log.error({ bundle: version, err }, 'an inference process could not be started');
        failing = true;
        changed();
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS);
        await setTimeout(pause, null, { signal: closing.signal, ref: false }).catch(() => {});
      }
    }
  }

  async function close(): Promise<void> {
    closing.abort();
    for (const replica of ready) remove(replica);
    await filling;
    for (const replica of ready) remove(replica);
    while (leaving.size > 0) await Promise.all(leaving);
  }

  try {
    while (ready.size < wanted) await add(stopping);
    started = true;
    for (const replica of ready) inspect(replica);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    bundle: stored.bundle,
    replicas: ready,
    get processes() {
      return { ready: ready.size, wanted };
    },
    get broken() {
      return failing && ready.size === 0;
    },
    watch(onChange) {
      changed = onChange;
    },
    inspect,
    close,
  };
}
