import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tryLock } from '../cli/setup/lock.mjs';
import { EtiquetteError } from '../errors.ts';
import { openRotatingFile, type RotatingFile, type Rotation } from './rotating-file.ts';

/** As the original's. */
const ROTATION: Rotation = { bytes: 5 * 1024 * 1024, backups: 3 };
/** Processes of one kind that can keep their lines in one folder; so many times four files there are at most. */
const MOST_PROCESSES = 16;

/**
 * Opens a file of this process alone: NAME.log, or NAME-2.log and so on while other processes of the name write the
 * others. A file whose process is gone is gone on with.
 * @throws EtiquetteError LOG_DIR_UNUSABLE
 */
export function openLogFile(directory: string, name: string, rotation: Rotation = ROTATION): RotatingFile {
  try {
    mkdirSync(directory, { recursive: true });
    for (let number = 1; number <= MOST_PROCESSES; number++) {
      const path = join(directory, number === 1 ? `${name}.log` : `${name}-${number}.log`);
      const release = tryLock(`${path}.lock`);
      if (!release) continue;
      process.once('exit', release);
      const file = openRotatingFile(path, rotation);
      return {
        write: file.write,
        close() {
          file.close();
          process.off('exit', release);
          release();
        },
      };
    }
  } catch (cause) {
    throw unusable(directory, `it cannot be written: ${(cause as Error).message}`, cause);
  }
  throw unusable(directory, `${MOST_PROCESSES} processes "${name}" write there already`);
}

function unusable(directory: string, why: string, cause?: unknown): EtiquetteError {
  return new EtiquetteError(
    'LOG_DIR_UNUSABLE',
    `No log can be kept in ${directory}: ${why}. Correct LOG_DIR or leave it out.`,
    { cause },
  );
}
