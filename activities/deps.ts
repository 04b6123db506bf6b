import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { MlProcess } from '../models/runtime/jobs.ts';

/** What activities need; the worker's entry point builds it. */
export interface ActivityDeps {
  readonly config: Config;
  readonly log: Logger;
  /** One-threaded: text and heads, whose sums must not depend on the number of cores. */
  readonly ml: MlProcess;
  /** All cores: picture features, whose sums do not cross threads. */
  readonly vision: MlProcess;
}
