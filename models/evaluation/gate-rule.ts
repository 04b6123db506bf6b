import { z } from 'zod';

/** When a challenger may take the champion's place. */
export const gateRule = z.strictObject({
  /** How far the 95 % bootstrap interval of its lead in weighted F1 must begin above 0: the lead is more than noise. */
  lead: z.number().min(-1).max(1).default(0),
  /** How much one code's F1 may fall; a fall that its few test rows can explain does not count. */
  codeFall: z.number().min(0).max(1).default(0.1),
  /** How much the expected calibration error may rise; below 0.05 it may rise freely. */
  eceRise: z.number().min(0).max(1).default(0.02),
  /** Median time of one product, picture decoding included, asked one by one on the training worker's host. */
  milliseconds: z.number().positive().max(60_000).default(250),
});
export type GateRule = z.output<typeof gateRule>;
