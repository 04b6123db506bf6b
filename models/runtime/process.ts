import type { Jobs, MlProcess } from './jobs.ts';
import { supervise } from './supervisor.ts';

export interface MlProcessOptions {
  /** TensorFlow's threads per operation. One is the cheapest for the LSTM; more help the convolutions. */
  readonly threads: number;
  /** Names the process in errors and log lines. */
  readonly name?: string;
  /** Stop the child after this long without a job; by default it stays, with what it has loaded. */
  readonly idleSeconds?: number;
  /** Gets every line that the child writes to its output. */
  readonly log?: (line: string) => void;
  /** By so much it makes way for others when cores are short; 1 to 19. */
  readonly niceness?: number;
  /** More variables for the child, over the few it inherits. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The ML process of a worker or of the API; see `MlProcess` for its promises. Nothing starts before the
 * first job. Close it: a living child keeps its parent's event loop alive.
 * @example
 * const ml = createMlProcess({ threads: 1, name: 'training', log: console.error });
 * const summary = await ml.run('trainText', input, { signal, onProgress });
 * await ml.close();
 */
export function createMlProcess({ threads, env = {}, ...options }: MlProcessOptions): MlProcess {
  return supervise<Jobs>({
    name: 'ml',
    ...options,
    entry: new URL('child.ts', import.meta.url),
    env: childVariables(threads, env, process.env),
  });
}

/** Secrets stay in the parent: only what a Node process with TensorFlow needs goes down. */
const INHERITED =
  /^(PATH|HOME|TMPDIR|LD_LIBRARY_PATH|TZ|LANG|NODE_OPTIONS|NODE_V8_COVERAGE|TF_.*|TFJS_.*|CUDA_.*)$/;

export function childVariables(
  threads: number,
  more: Readonly<Record<string, string>>,
  parent: NodeJS.ProcessEnv,
): Record<string, string> {
  const inherited = Object.entries(parent).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && INHERITED.test(entry[0]),
  );
  return {
    ...Object.fromEntries(inherited),
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: String(threads),
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_DETERMINISTIC_OPS: '1',
    ...more,
  };
}
