import type { DatasetCorrections } from '../../data/catalogue.ts';
import type { VersionRecord } from '../../data/versions/record.ts';
import type { Service } from '../bundle/deployments.ts';
import type { Bundle } from '../bundle/format.ts';

/** What an id names. `batch` is the file of a batch prediction. */
export type IdKind = 'prediction' | 'bundle' | 'dataset' | 'batch' | 'run' | 'mlflow';

/** Everything that an id leads to. Bundles, runs and datasets refer to each other by their versions and ids. */
export interface Lineage {
  readonly id: string;
  readonly kind: IdKind;
  /** The one that was asked about. */
  readonly prediction: Prediction | null;
  readonly bundles: readonly BundleLineage[];
  /** Training runs, oldest first. */
  readonly runs: readonly RunLineage[];
  readonly datasets: readonly DatasetLineage[];
}

export interface Prediction {
  readonly id: string;
  readonly at: string;
  /** Version of the bundle that answered. */
  readonly bundle: string;
  readonly code: number;
  readonly confidence: number;
}

export interface BundleLineage {
  readonly version: string;
  /** false: it was pruned; with `kept` it can be brought back. */
  readonly stored: boolean;
  /** What bundle.json says; null where even that is gone. */
  readonly made: Pick<
    Bundle,
    'family' | 'text' | 'image' | 'encoders' | 'fusion' | 'metrics' | 'lineage' | 'madeBy'
  > | null;
  /** Its answers that are still on record. */
  readonly predictions: PredictionCount;
  /** When it served, by whom and why, and what served before and after. */
  readonly served: readonly Service[];
  readonly kept: Kept | null;
  /** Batch predictions made with it, kept with DVC. */
  readonly batches: readonly string[];
}

export interface PredictionCount {
  readonly count: number;
  readonly first: string | null;
  readonly last: string | null;
}

export interface RunLineage {
  readonly workflowId: string;
  readonly runId: string;
  /** Its page in Temporal's Web UI. */
  readonly url: string;
  /** null where only its bundle is left to tell of it. */
  readonly startedAt: string | null;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly revision: string | null;
  readonly bundle: string | null;
  readonly dataset: string | null;
  /** null: not in MLflow, or not all of it is yet. */
  readonly mlflow: {
    readonly run: string;
    readonly url: string;
    readonly modelVersion: string | null;
  } | null;
}

export interface DatasetLineage {
  readonly version: string;
  readonly catalogueHash: string | null;
  /** Where runs found the catalogue: folders or base URLs. */
  readonly sources: readonly string[];
  readonly seed: number | null;
  readonly split: { readonly trainPerCode: number; readonly validationPerCode: number } | null;
  readonly counts: NonNullable<NonNullable<Bundle['lineage']>['counts']> | null;
  /** Beside the catalogue's rows; null when there are none, or it is not known. */
  readonly corrections: DatasetCorrections | null;
  readonly bundles: readonly string[];
  readonly kept: Kept | null;
}

/** A version in DVC: its pointers, and the remotes that have all of it. */
export interface Kept {
  readonly at: string;
  readonly pushes: VersionRecord['pushes'];
  readonly files: readonly {
    readonly path: string;
    /** The `.dvc` file, from DVC's folder. */
    readonly pointer: string;
    readonly bytes: number;
    readonly md5: string;
    readonly sha256: string;
  }[];
}
