import type { ProductText } from '../data/catalogue.ts';
import type { PixelForm } from './drift/picture-statistics.ts';
import type { Probabilities } from './evaluation/rows.ts';
import type { FusionKind } from './fusion/fuse.ts';
import type {
  ComputeFeaturesInput,
  EncoderFiles,
  JobContext,
  Parameters,
  TrainImageInput,
  TrainingSummary,
  TrainTextInput,
} from './runtime/jobs.ts';

/** What a text model says of products, and what its encoder of sentences computed on the way. */
export interface TextReading {
  readonly probabilities: Probabilities;
  /** Of each product; null where there was nothing to read. */
  readonly features: readonly (Float32Array | null)[];
}

/** A loaded text model. */
export interface TextModel {
  /** Whether it finds words in a product's text. If not, its row is uniform and the fusion leaves text out. */
  reads(product: ProductText): boolean;
  predict(products: readonly ProductText[]): Promise<Probabilities>;
  /** As `predict`. A model without an encoder of sentences has no such method. */
  read?(products: readonly ProductText[]): Promise<TextReading>;
  /**
   * What each word of `wordsOf(product)` adds to the margin of a code (by its column), from the weights: their sum
   * and `bias` are that margin. A model whose weights do not tell has no such method.
   */
  contributions?(
    product: ProductText,
    column: number,
  ): { readonly words: Float64Array; readonly bias: number };
  dispose(): void;
}

/** A loaded picture classifier: a frozen encoder (shared by bundles) and this bundle's head. */
export interface ImageModel {
  /**
   * One picture file's bytes -> pixels for `encode`. The only picture preprocessing there is.
   * @throws EtiquetteError PICTURE_... when the picture cannot be used
   */
  prepare(picture: Uint8Array): Promise<Float32Array>;
  /** How a square picture's pixels lie, plane by plane or colour by colour within each pixel, and what they stand for. */
  readonly form: PixelForm;
  /** Features of n pictures, row-major [n * featureSize]. `pixels` come from `prepare`. */
  encode(pixels: readonly Float32Array[]): Promise<Float32Array>;
  classify(features: Float32Array, count: number): Promise<Probabilities>;
  readonly featureSize: number;
  dispose(): void;
}

/** How to train and load one kind of text model. Pure TensorFlow: runs in the ML child process only. */
export interface TextRecipe {
  readonly name: string;
  /**
   * true: it learns from validation rows too, and leaves `<directory>/out-of-fold.safetensors` with
   * `probabilities` [n, 27] of the training rows and then the validation rows, each from a model that had
   * not seen it. The fusion is tuned on these.
   */
  readonly outOfFold: boolean;
  /** The frozen encoder that it asks for with these parameters, by name; it can do without. null: it wants none. */
  encoder(parameters: Parameters): string | null;
  /** Fills in defaults. @throws EtiquetteError PARAMETER_INVALID naming the parameter and its range. */
  parameters(overrides: Parameters): Parameters;
  train(input: TrainTextInput, context: JobContext): Promise<TrainingSummary>;
  /**
   * `directory` is a bundle's `text/` folder (what training left in `<directory>/model`), `encoder` the folder
   * of the encoder that it was trained with, null when that was none.
   */
  load(directory: string, encoder: string | null): Promise<TextModel>;
}

export interface QuickenInput {
  /** The folder of a trained model, as `load` takes it. */
  readonly model: string;
  readonly encoder: EncoderFiles;
  /** Pictures to measure ranges of values on, as files. Their order counts. */
  readonly pictures: readonly string[];
  /** A new folder: gets the model with its quicker engine, as `load` takes it. */
  readonly directory: string;
}

export interface ImageRecipe {
  readonly name: string;
  /** The frozen encoder this recipe needs, by name; its weights are kept once beside the bundles. */
  readonly encoder: string;
  /** As TextRecipe.outOfFold; rows without a picture are uniform there. */
  readonly outOfFold: boolean;
  parameters(overrides: Parameters): Parameters;
  computeFeatures(input: ComputeFeaturesInput, context: JobContext): Promise<{ computed: number }>;
  train(input: TrainImageInput, context: JobContext): Promise<TrainingSummary>;
  /**
   * Gives a trained model a quicker engine that answers nearly the same; whoever asks compares. The same input gives
   * the same bytes. A recipe without another engine has no such method.
   * @returns the names of both engines; null: the quicker one does not run on this host, and the console says why
   */
  quicken?(
    input: QuickenInput,
    context: JobContext,
  ): Promise<{ readonly float: string; readonly quick: string } | null>;
  /** `directory` is a bundle's `image/` folder; `encoder` (a file or folder) null when only `classify` is needed. */
  load(directory: string, encoder: string | null): Promise<ImageModel>;
}

/** A text model, an image model and how they are joined. */
export interface Family {
  readonly name: string;
  readonly text: TextRecipe;
  readonly image: ImageRecipe;
  readonly fusion: FusionKind;
  /**
   * Modules relative to the project, whose code decides whether a result can be reused. `features` computes
   * them and nothing else: a change to the head's training must not compute days of features again.
   */
  readonly modules: { readonly text: string; readonly image: string; readonly features: string };
}
