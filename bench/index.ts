import { corrections } from './corrections.ts';
import { drift } from './drift.ts';
import { inference } from './inference.ts';
import { quality } from './quality.ts';
import { responsiveness } from './responsiveness.ts';
import type { Row } from './row.ts';
import { selfHealing } from './self-healing.ts';
import { serving, servingCost, servingHostile, servingSoak } from './serving/index.ts';
import { training } from './training.ts';

interface Benchmark {
  readonly says: string;
  run(say: (line: string) => void): Promise<Row[]>;
}

export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  quality: {
    says: 'cross-validated F1 of every family, against a linear SVM on the same folds',
    run: quality,
  },
  training: {
    says: 'time and memory of training, against the original recipe in Keras',
    run: training,
  },
  inference: {
    says: 'time of one product on one core, and the size of a bundle',
    run: inference,
  },
  drift: {
    says: 'how soon a changed stream is told from an unchanged one, and how often an unchanged one alarms',
    run: drift,
  },
  corrections: {
    says: 'F1 on a changed stream after a training with what people corrected of it, and without',
    run: corrections,
  },
  'self-healing': {
    says: 'a stream changes, people judge a part of it, one training follows: F1 before and after, through the API',
    run: selfHealing,
  },
  responsiveness: {
    says: '/status and heartbeats while a training and predictions use every core',
    run: responsiveness,
  },
  serving: {
    says: 'the API beside the original in FastAPI and Keras: speed, memory, a soak, bad requests',
    run: serving,
  },
  'serving-cost': {
    says: 'what metrics and records of predictions take of the throughput of /predict',
    run: servingCost,
  },
  'serving-hostile': {
    says: 'the bad requests of serving alone: a table of answers and memory',
    run: servingHostile,
  },
  'serving-soak': {
    says: 'the soak of serving alone: BENCH_SOAK_MINUTES with swaps and kills',
    run: servingSoak,
  },
};
