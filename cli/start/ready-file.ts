import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../data/atomic.ts';

/** VAR_DIR/ready.json: there while everything runs. Other programs wait for it. */
export interface Ready {
  readonly api: string;
  readonly temporalAddress: string;
  readonly temporalUi: string;
  readonly mlflow: string | null;
  readonly bundle: string;
}

export async function writeReadyFile(varDirectory: string, ready: Ready): Promise<void> {
  await writeAtomic(readyFile(varDirectory), `${JSON.stringify(ready, null, 2)}\n`);
}

export async function removeReadyFile(varDirectory: string): Promise<void> {
  await rm(readyFile(varDirectory), { force: true });
}

const readyFile = (varDirectory: string) => join(varDirectory, 'ready.json');
