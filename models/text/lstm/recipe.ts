import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { canonicalJson } from '../../bundle/format.ts';
import type { TextRecipe } from '../../family.ts';
import { rowWeights } from '../../linear/row-weights.ts';
import type { JobContext, TrainingSummary, TrainTextInput } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { tensorflow } from '../../runtime/tensorflow.ts';
import { fit } from '../../training/fit.ts';
import { cleanerOf } from '../cleaners.ts';
import { fitVocabulary } from '../vocabulary.ts';
import { createRowFinder } from './embedding-rows.ts';
import { createLstmLearner } from './learner.ts';
import { loadLstm, saveLstm } from './model.ts';
import { lstmParameters } from './parameters.ts';
import { type FusedWeights, toKeras } from './weights.ts';

/**
 * The original's text model, mended: words that keep their accents, with vectors that share what words have in
 * common; an LSTM from both ends that sees no padding; softmax. ORIGINAL_LSTM are the original's parameters.
 */
export const lstm: TextRecipe = {
  name: 'lstm',
  outOfFold: false,
  encoder: () => null,
  parameters: lstmParameters,
  train,
  load: loadLstm,
};

/** Trains as `fit` promises: killed anywhere it goes on after the last finished epoch, to the same bits. */
async function train(input: TrainTextInput, context: JobContext): Promise<TrainingSummary> {
  const parameters = lstmParameters(input.parameters);
  const { dataset, directory, seed } = input;
  const clean = cleanerOf(parameters.cleaning);
  const texts = {
    train: await readTexts(join(dataset.directory, 'train.ndjson'), clean, context),
    validation: await readTexts(join(dataset.directory, 'validation.ndjson'), clean, context),
  };
  const vocabulary = fitVocabulary(texts.train.documents, parameters.words);
  const rowsOf = remembered(createRowFinder(vocabulary, parameters));
  const encoded = ({ documents, classes, weights }: Texts) => ({
    texts: documents.map((words) => words.slice(0, parameters.length).map(rowsOf)),
    ...{ classes, weights: rowWeights(weights) },
  });
  const parts = { train: encoded(texts.train), validation: encoded(texts.validation) };

  const tf = await tensorflow();
  const learner = createLstmLearner(tf, parts, parameters, seed);
  const fingerprint = hash(canonicalJson({ dataset: dataset.version, parameters, seed }));
  try {
    const { weights, epochs, bestEpoch } = await fit(
      tf,
      learner,
      { ...parameters, directory, fingerprint },
      context,
    );
    await saveLstm(join(directory, 'model'), {
      parameters,
      weights: toKeras(weights as FusedWeights),
      tokenizer: vocabulary.kerasJson,
    });
    const rows = { train: parts.train.classes.length, validation: parts.validation.classes.length };
    return { rows, epochs, bestEpoch, parameters };
  } finally {
    learner.dispose();
  }
}

interface Texts {
  readonly documents: readonly string[][];
  /** Indexes of TYPE_CODES. */
  readonly classes: readonly number[];
  /** How many times each counts in training. */
  readonly weights: readonly number[];
}

const PAUSE_EVERY = 500;

/** Rows without a word teach nothing and are left out. */
async function readTexts(
  file: string,
  clean: ReturnType<typeof cleanerOf>,
  context: JobContext,
): Promise<Texts> {
  const documents: string[][] = [];
  const classes: number[] = [];
  const weights: number[] = [];
  let read = 0;
  for await (const row of readRows(file)) {
    read += 1;
    if (read % PAUSE_EVERY === 0) await pause(context);
    const words = clean(row);
    if (words.length === 0 || row.code === null) continue;
    documents.push(words);
    classes.push(TYPE_CODES.indexOf(row.code));
    weights.push(row.weight ?? 1);
  }
  if (documents.length === 0) {
    throw new EtiquetteError(
      'DATASET_WITHOUT_TEXT',
      `${file} has no labelled row with text. Training needs some: look at the catalogue's report.`,
    );
  }
  return { documents, classes, weights };
}

/** The rows come to the same words again and again: looked up once each, and kept once. */
function remembered(find: (word: string) => Int32Array): (word: string) => Int32Array {
  const known = new Map<string, Int32Array>();
  return (word) => {
    const rows = known.get(word) ?? find(word);
    known.set(word, rows);
    return rows;
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
