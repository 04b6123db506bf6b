import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredLstm } from '../text/lstm/model.ts';
import { type ImageClasses, imageColumns, textColumns } from './class-order.ts';
import { type ImportedImage, importImage } from './image-model.ts';
import { missing, readKerasModel } from './keras-file.ts';
import { parseFusionWeights, parseMapper } from './original-files.ts';
import { importText } from './text-model.ts';

/** The original's models, checked, with their columns in TYPE_CODES order. */
export interface Original {
  readonly text: StoredLstm;
  readonly image: ImportedImage;
  readonly textWeight: number;
}

/**
 * Reads best_lstm_model.h5, best_vgg16_model.h5, tokenizer_config.json, mapper.json and best_weights.json.
 * @throws EtiquetteError IMPORT_... when a file is missing, damaged or does not fit the others.
 */
export async function readOriginal(directory: string, imageClasses: ImageClasses): Promise<Original> {
  const mapper = parseMapper(await readText(directory, 'mapper.json'));
  const textWeight = parseFusionWeights(await readText(directory, 'best_weights.json'));
  const tokenizer = await readText(directory, 'tokenizer_config.json');
  const text = await readKerasModel(join(directory, 'best_lstm_model.h5'));
  const image = await readKerasModel(join(directory, 'best_vgg16_model.h5'));
  return {
    text: importText(text, tokenizer, textColumns(mapper)),
    image: importImage(image, imageColumns(mapper, imageClasses)),
    textWeight,
  };
}

async function readText(directory: string, file: string): Promise<string> {
  try {
    return await readFile(join(directory, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing(join(directory, file));
    throw error;
  }
}
