import { runDecision } from './decision.ts';

export const main = (args: string[]): Promise<number> => runDecision('approve', args);
