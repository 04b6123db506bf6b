import type { DatasetRef, PictureRef } from '../../data/catalogue.ts';
import type { Agreement } from '../bundle/format.ts';
import type { DriftFeatures } from '../drift/features.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { Fusion } from '../fusion/fuse.ts';

/** How far a job is. `fraction` is 0..1 of the whole job; the rest is for people. */
export interface JobProgress {
  readonly fraction: number;
  readonly message: string;
  readonly epoch?: number;
  readonly epochs?: number;
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What a job gets beside its input. A job checks `signal` between batches and stops with its reason. */
export interface JobContext {
  readonly signal: AbortSignal;
  progress(progress: JobProgress): void;
}

/** When a job's process worked on it: milliseconds since 1970, by that process's clock. */
export interface WorkTimes {
  readonly from: number;
  readonly to: number;
}

export type FamilyName = string;

/** Hyperparameters that differ from the family's defaults; validated by the recipe's schema. */
export type Parameters = Readonly<Record<string, unknown>>;

/** One epoch of training, as curves and progress bars show it. */
export interface Epoch {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
}

/** What training leaves behind, beside its files. Deterministic: no clock in it. */
export interface TrainingSummary {
  readonly rows: { readonly train: number; readonly validation: number };
  readonly epochs: readonly Epoch[];
  readonly bestEpoch: number;
  readonly parameters: Parameters;
}

/** A frozen encoder on this host: a file, or the folder of one with a descriptor. */
export interface EncoderFiles {
  readonly file: string;
  /** Guards against another file under the same name. */
  readonly sha256: string;
}

export interface TrainTextInput {
  readonly family: FamilyName;
  readonly dataset: DatasetRef;
  readonly seed: number;
  readonly parameters: Parameters;
  /** null: the recipe wants none, or it could not be had. */
  readonly encoder: EncoderFiles | null;
  /** The encoder's features are kept here, for later trainings too. */
  readonly featuresDirectory: string;
  /** Checkpoints, epochs.jsonl and TensorBoard events go here; the finished model to `<directory>/model`. */
  readonly directory: string;
}

/**
 * The features of a list of pictures, in one file. A shard is its own cache entry: `file` exists only when
 * it is complete; until then `<file>.partial` grows batch by batch and a killed job goes on from there.
 */
export interface FeatureShard {
  readonly file: string;
  readonly pictures: readonly PictureRef[];
}

export interface ComputeFeaturesInput {
  readonly family: FamilyName;
  readonly parameters: Parameters;
  readonly encoder: EncoderFiles;
  /** The pictures' folder: `PictureRef.file` is relative to it. */
  readonly picturesDirectory: string;
  readonly shard: FeatureShard;
}

export interface TrainImageInput {
  readonly family: FamilyName;
  readonly dataset: DatasetRef;
  readonly seed: number;
  readonly parameters: Parameters;
  /** Every shard that holds a picture of the dataset. */
  readonly shards: readonly FeatureShard[];
  readonly directory: string;
}

/** Class probabilities for the rows of one part, by both models, in TYPE_CODES order. */
export interface ScoreInput {
  readonly family: FamilyName;
  readonly dataset: DatasetRef;
  /**
   * tuning: rows that no answer of theirs was learnt from. Where both models have out-of-fold rows, the training rows
   * and then the validation rows; else the validation rows.
   */
  readonly part: 'tuning' | 'test';
  readonly textModel: string;
  /** The folder of the text model's encoder; null when it has none. */
  readonly textEncoder: string | null;
  /** For tuning: the out-of-fold file of a model that has learnt from the validation rows too, else null. */
  readonly textOutOfFold: string | null;
  readonly imageOutOfFold: string | null;
  readonly imageModel: string;
  readonly shards: readonly FeatureShard[];
  /** Where to write: safetensors `text` [n, 27], `image` [n, 27], `hasPicture` [n], `labels` [n] (class index). */
  readonly file: string;
}

/** Score a labelled or unlabelled list of rows with a finished bundle: what `npm run evaluate` and predictCatalogue do. */
export interface PredictRowsInput {
  readonly bundle: string;
  readonly encoders: string;
  /** An ndjson file of DatasetRow. */
  readonly rows: string;
  readonly picturesDirectory: string;
  /** As ScoreInput.file, plus `fused` [n, 27]. */
  readonly file: string;
}

/** A trained model's picture part gets a quicker engine, where that answers as its float engine does. */
export interface ChooseEngineInput {
  readonly family: FamilyName;
  /** The trained picture model's folder. */
  readonly imageModel: string;
  readonly encoder: EncoderFiles;
  /** An ndjson file of DatasetRow: ranges of values are measured on some of its pictures. */
  readonly calibration: string;
  /** An ndjson file of labelled DatasetRow: answers are compared on these. */
  readonly rows: string;
  /** Of both. */
  readonly picturesDirectory: string;
  /** What was said about `rows` with the float engine, as `score` or `predictRows` writes it. */
  readonly scores: string;
  readonly fusion: Fusion;
  /** A folder of this job's own: `<directory>/model` is the model with the quicker engine, `<directory>/scores.safetensors` what it said. */
  readonly directory: string;
}

/** What computes a bundle's picture features, and how far the quicker engine was from the float one. */
export interface EngineChoice {
  readonly name: string;
  /** The quicker engine that was compared, chosen or not. */
  readonly compared: Agreement & { readonly engine: string };
}

/** What a bundle's stream will be compared with, from what its models say of the test rows. */
export interface MakeReferenceInput {
  readonly family: FamilyName;
  readonly dataset: DatasetRef;
  readonly textModel: string;
  /** The folder of the text model's encoder; null when it has none. */
  readonly textEncoder: string | null;
  /** With the engine that will serve. */
  readonly imageModel: string;
  readonly imageEncoder: EncoderFiles;
  /** That engine's features of every picture; null where they come from another one: pictures are encoded again. */
  readonly shards: readonly FeatureShard[] | null;
  /** What these models said of the test rows. */
  readonly scores: string;
  readonly fusion: Fusion;
  /** Where to write: JSON, a Reference of models/drift. */
  readonly file: string;
}

/** Labelled rows of a catalogue, and what was said about them. */
export interface JudgedRows {
  /** training: models learnt from them, and answered them out of fold. */
  readonly part: 'training' | 'held-out';
  /** ndjson files of DatasetRow, read one after another; rows without a code are left out. */
  readonly rows: readonly string[];
  /**
   * What `score` or `predictRows` wrote of these rows in this order. null when no model answered that had not learnt
   * from them: then they count as training rows and as possible duplicates.
   */
  readonly answers: string | null;
}

/** What people can do about a catalogue: suspected label errors, duplicates across codes, confusions, advice. */
export interface InsightInput {
  readonly judged: readonly JudgedRows[];
  /** How the two models of `answers` are joined. */
  readonly fusion: Fusion;
  /** false when the answering model may have learnt from the rows. */
  readonly unseen: boolean;
  readonly picturesDirectory: string;
  /** insight.json, insight.md, CSV files and pictures go here. */
  readonly directory: string;
}

/** Every job the ML child process can do. */
export interface Jobs {
  trainText: { input: TrainTextInput; output: TrainingSummary };
  computeFeatures: { input: ComputeFeaturesInput; output: { computed: number } };
  trainImage: { input: TrainImageInput; output: TrainingSummary };
  score: { input: ScoreInput; output: { rows: number; pictures: number } };
  predictRows: { input: PredictRowsInput; output: { rows: number; pictures: number } };
  /** null: the recipe has one engine, or the other one does not run on this host. `quick` says whether the one in `directory` was chosen. */
  chooseEngine: {
    input: ChooseEngineInput;
    output: { readonly engine: EngineChoice; readonly quick: boolean } | null;
  };
  /** `rows`: of the reference that was written; null: there are too few, and no file. */
  makeReference: { input: MakeReferenceInput; output: { rows: number | null } };
  /** Milliseconds of one product, asked one by one: the median of `products` rows at most. */
  timeBundle: {
    input: Omit<PredictRowsInput, 'file'> & { products: number };
    output: { milliseconds: number };
  };
  insight: { input: InsightInput; output: { suspects: number; duplicates: number } };
  /** `watched`: answers come with what the stream is watched by, if the bundle has a reference. */
  loadBundle: {
    input: { bundle: string; encoders: string; watched?: boolean };
    output: { version: string };
  };
  /** Pictures are encoded files (JPEG, PNG...), already bounded in bytes. */
  predict: {
    input: { products: readonly PredictProduct[] };
    /** `rss`: the process's resident memory in bytes, after this batch. */
    output: { predictions: readonly PredictOutcome[]; rss: number };
  };
  /** One slice of an explanation: null as input goes on with the last one, null as output is not the end. */
  explain: { input: ExplainInput | null; output: Explanation | null };
}

/** What `explain` is asked. */
export interface ExplainInput {
  readonly product: PredictProduct;
  /** The code to speak about; null: the most probable one. */
  readonly code: number | null;
  /** Whether a picture of the regions is wanted too. */
  readonly heatMap: boolean;
}

export interface PredictProduct {
  readonly designation: string;
  readonly description: string;
  readonly picture: Uint8Array | null;
}

/** A product that cannot be predicted has a coded problem; it does not spoil its batch. */
export type PredictOutcome =
  | {
      readonly probabilities: Float32Array;
      readonly text: Float32Array | null;
      readonly image: Float32Array | null;
      /** What the stream is watched by; null: the bundle has no reference, or nobody watches. */
      readonly features: DriftFeatures | null;
    }
  | { readonly problem: { readonly code: string; readonly message: string } };

export type JobName = keyof Jobs;
export type Job<N extends JobName> = (
  input: Jobs[N]['input'],
  context: JobContext,
) => Promise<Jobs[N]['output']>;

export interface RunOptions {
  signal?: AbortSignal;
  onProgress?: (progress: JobProgress) => void;
  /** Called before the promise settles, where the process lived to tell; how long the job waited is in none of it. */
  onWorked?: (times: WorkTimes) => void;
}

/**
 * A supervised ML child process. It is started on first use, does one job at a time in the order they come,
 * is stopped when idle, and is started again when it died; the job that it was doing then fails with
 * ML_PROCESS_DIED (retryable). Aborting asks the job to stop, and kills the process 3 s later if it has not.
 */
export interface MlProcess {
  run<N extends JobName>(job: N, input: Jobs[N]['input'], options?: RunOptions): Promise<Jobs[N]['output']>;
  /** The process id while one is alive. */
  readonly pid: number | undefined;
  /** Resolves when the process that is alive now has ended; at once when none is. */
  exited(): Promise<void>;
  close(): Promise<void>;
}
