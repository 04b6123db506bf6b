import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EtiquetteError } from '../../errors.ts';
import type { Body } from './bodies.ts';

/** What is asked again and again. */
export interface Asked {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** Sent in turn, each time with another number in it; empty: no body. */
  readonly bodies: readonly Body[];
}

export interface Load {
  readonly asked: readonly Asked[];
  /** closed: so many clients, each asks again when it is answered. open: so many a second, whatever is answered. */
  readonly arrivals:
    | { readonly kind: 'closed'; readonly clients: number; readonly requests?: number }
    | { readonly kind: 'open'; readonly perSecond: number };
  readonly seconds: number;
}

export interface Outcome {
  readonly sent: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Requests by what came of them: a status, or the code of a connection's error. */
  readonly answers: Readonly<Record<string, number>>;
  /** Milliseconds of each answer with status 200, by the place of what was asked. */
  readonly milliseconds: readonly Float64Array[];
  /** Bodies of the first few answers that were not 200. */
  readonly failures: readonly string[];
}

const GENERATOR = fileURLToPath(new URL('generator.ts', import.meta.url));

/** Runs a load in a process of its own, so that measuring does not wait for this one. */
export function runLoad(load: Load): Promise<Outcome> {
  const child = fork(GENERATOR, [], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
    serialization: 'advanced',
  });
  return new Promise((resolve, reject) => {
    child.once('message', (outcome) => resolve(outcome as Outcome));
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new EtiquetteError('BENCHMARK_RUN_FAILED', `The load generator ended with ${code}.`)),
    );
    child.send(load);
  });
}

/** @param share 0..1 */
export function percentile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
