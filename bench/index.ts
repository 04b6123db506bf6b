import { responsiveness } from './responsiveness.ts';
import type { Row } from './row.ts';

interface Benchmark {
  readonly says: string;
  run(say: (line: string) => void): Promise<Row[]>;
}

export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  responsiveness: {
    says: '/status and heartbeats while a training and predictions use every core',
    run: responsiveness,
  },
};
