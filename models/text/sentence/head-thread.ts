import type { Start } from '../../runtime/serve-tasks.ts';
import { type HeadProblem, type HeadResult, solveHead } from './head-task.ts';

/** A thread's share of learnHead: a fold a task. */
export const start: Start<HeadProblem, number | null, HeadResult> = async (problem) => (fold) =>
  solveHead(problem, fold);
