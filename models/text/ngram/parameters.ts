import { z } from 'zod';

export const ngramSchema = z.strictObject({
  /** Weight of the loss against the regulariser, scikit-learn's C. */
  c: z.number().min(1e-4).max(1e4).default(0.5),
  /** How much the designation counts when it is counted again; 0: not at all. */
  designationWeight: z.number().min(0).max(10).default(0.7),
  /** Whether rare codes weigh as much as frequent ones. */
  balanced: z.boolean().default(true),
  /** Where the solver stops. Below 0.1 nothing measurable changes but the time. */
  tolerance: z.number().min(1e-6).max(1).default(0.1),
  /** Passes over the rows at most. */
  epochs: z.number().int().min(1).max(10_000).default(300),
  /** Parts of the rows that the out-of-fold probabilities come from. Without it the number of rows decides: 5, from 10,000 on 3. */
  folds: z.number().int().min(2).max(20).optional(),
});

export type NgramParameters = z.infer<typeof ngramSchema>;
