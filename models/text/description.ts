import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { EtiquetteError } from '../../errors.ts';

/** What a stored text model says of itself. @throws EtiquetteError MODEL_FILE_CORRUPT */
export async function readDescription<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S>> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new EtiquetteError(
      'MODEL_FILE_CORRUPT',
      `${file} is missing, damaged or of another version. Train or fetch the model again.`,
      { cause },
    );
  }
}
