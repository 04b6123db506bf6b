import { TYPE_CODES } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import type { StoredLstm } from '../text/lstm/model.ts';
import { lstmParameters, ORIGINAL_LSTM } from '../text/lstm/parameters.ts';
import { vocabularyFromKeras } from '../text/vocabulary.ts';
import { expectSettings, weightOf, workingLayers } from './architecture.ts';
import { reorder } from './class-order.ts';
import type { KerasModel } from './keras-file.ts';

/**
 * The original's LSTM with its tokenizer, as our text recipe stores one.
 * @param columns the model's column for each code in TYPE_CODES order.
 * @throws EtiquetteError IMPORT_ARCHITECTURE_UNKNOWN, IMPORT_SHAPES_MISMATCH, IMPORT_TOKENIZER_INVALID,
 * IMPORT_VOCABULARY_TOO_LARGE.
 */
export function importText(model: KerasModel, tokenizer: string, columns: readonly number[]): StoredLstm {
  const [embedding, lstm, dense] = workingLayers(model, ['Embedding', 'LSTM', 'Dense']);
  if (!embedding || !lstm || !dense)
    throw new Error('unreachable: workingLayers returns what it was asked for');
  expectSettings(model, embedding, { mask_zero: false });
  expectSettings(model, lstm, {
    activation: 'tanh',
    recurrent_activation: 'sigmoid',
    use_bias: true,
    return_sequences: false,
    go_backwards: false,
    time_major: false,
  });
  expectSettings(model, dense, { activation: 'softmax', use_bias: true });

  const embeddings = weightOf(model, embedding, 'embeddings', [null, null]);
  const [words = 0, width = 0] = embeddings.shape;
  const kernel = weightOf(model, lstm, 'kernel', [width, null]);
  const units = (kernel.shape[1] ?? 0) / 4;
  const output = reorder(
    {
      kernel: weightOf(model, dense, 'kernel', [units, TYPE_CODES.length]),
      bias: weightOf(model, dense, 'bias', [TYPE_CODES.length]),
    },
    columns,
  );
  checkVocabulary(tokenizer, words);
  return {
    tokenizer,
    parameters: lstmParameters({
      ...ORIGINAL_LSTM,
      words,
      embedding: width,
      units,
      length: model.inputShape[0] ?? ORIGINAL_LSTM.length,
    }),
    weights: {
      'embedding/embeddings': embeddings,
      'lstm/kernel': kernel,
      'lstm/recurrent_kernel': weightOf(model, lstm, 'recurrent_kernel', [units, 4 * units]),
      'lstm/bias': weightOf(model, lstm, 'bias', [4 * units]),
      'dense/kernel': output.kernel,
      'dense/bias': output.bias,
    },
  };
}

function checkVocabulary(tokenizer: string, words: number): void {
  let size: number;
  try {
    size = vocabularyFromKeras(tokenizer).size;
  } catch (cause) {
    const message =
      'tokenizer_config.json is not what Keras\' Tokenizer(num_words=..., oov_token="<OOV>").to_json() writes. Copy it again from its source.';
    throw new EtiquetteError('IMPORT_TOKENIZER_INVALID', message, { cause });
  }
  if (size > words) {
    const message = `tokenizer_config.json numbers ${size} words, but best_lstm_model.h5 knows ${words}. Take the tokenizer_config.json that belongs to this model.`;
    throw new EtiquetteError('IMPORT_VOCABULARY_TOO_LARGE', message);
  }
}
