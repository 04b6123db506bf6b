import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { CorrectedProduct } from '../data/corrections.ts';
import type { VersionStore } from '../data/versions/store.ts';
import type { Observed } from '../models/drift/window.ts';
import type { MlProcess } from '../models/runtime/jobs.ts';
import type { MlflowServer } from '../models/tracking/client.ts';

/** What activities need; the worker's entry point builds it. */
export interface ActivityDeps {
  readonly config: Config;
  readonly log: Logger;
  /** One-threaded: text and heads, whose sums must not depend on the number of cores. */
  readonly ml: MlProcess;
  /** All cores: picture features, whose sums do not cross threads. */
  readonly vision: MlProcess;
  /** The code's revision in git, where it is known. */
  readonly revision: string | null;
  /** null: training runs are not told to MLflow. */
  readonly tracking: Tracking | null;
  /** null: data and models are not kept with DVC. */
  readonly versions: VersionStore | null;
  /** Versions of the bundles whose predictions are still on record. */
  readonly answered: () => Promise<readonly string[]>;
  /** A bundle's answers since then, the newest first, with what people said of them. */
  readonly observations: (wanted: ObservationsWanted) => Promise<readonly Observed[]>;
  /** Every correction that counts, for `exportCorrections`: a few at a time are in memory. */
  readonly corrections: () => AsyncIterable<CorrectedProduct>;
}

export interface ObservationsWanted {
  readonly bundle: string;
  /** ISO 8601. */
  readonly since: string;
  readonly limit: number;
}

export interface Tracking {
  readonly server: MlflowServer;
  /** Also the name of the registered model. */
  readonly experiment: string;
  /** The code's revision, where it is known. */
  readonly commit: string | null;
}
