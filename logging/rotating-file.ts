import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

export interface Rotation {
  /** A file is never longer, unless a single line is. */
  readonly bytes: number;
  /** Files besides the one that is written: FILE.1 is the newest of them. */
  readonly backups: number;
}

export interface RotatingFile {
  write(line: string): void;
  close(): void;
}

/**
 * Appends lines to a file, and moves it aside when it is full. It writes at once and waits for the system to have it:
 * a process that ends the very next moment, however it ends, has lost no line.
 * @throws what the file system says, when it is opened and when it is written
 */
export function openRotatingFile(path: string, { bytes, backups }: Rotation): RotatingFile {
  let file = openSync(path, 'a', 0o640);
  let size = fstatSync(file).size;

  function rotate(): void {
    closeSync(file);
    rmSync(`${path}.${backups}`, { force: true });
    for (let number = backups - 1; number >= 1; number--) {
      moveIfThere(`${path}.${number}`, `${path}.${number + 1}`);
    }
    moveIfThere(path, `${path}.1`);
    file = openSync(path, 'a', 0o640);
    size = 0;
  }

  return {
    write(line) {
      const data = Buffer.from(line);
      if (size > 0 && size + data.length > bytes) rotate();
      size += writeSync(file, data);
    },
    close: () => closeSync(file),
  };
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
