import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context, Runnable, Suite } from 'mocha';
import { PROJECT } from '../../config.ts';

/** What a skipped test or suite carries for the reporter. */
export interface Skipped {
  skipReason?: string;
  /** Whether CI may skip it too: true only for what CI can not have. */
  skipAllowed?: boolean;
}

/**
 * Skips the running test, or in a `before` hook the whole suite, and says why. With CI=true a skip is a
 * failure: CI has every tool.
 * @example
 * before(function () {
 *   if (!timeSkippingServer()) skip(this, 'no time-skipping server: run npm run setup');
 * });
 */
export function skip(context: Context, reason: string, { allowed = false } = {}): never {
  const runnable = context.runnable() as Runnable & { type?: string };
  const skipped = (runnable.type === 'hook' ? runnable.parent : runnable) as (Suite | Runnable) & Skipped;
  skipped.skipReason = reason;
  skipped.skipAllowed = allowed;
  return context.skip();
}

/**
 * The folder of real rows of the challenge (RAKUTEN_SAMPLE, else beside the project). They may not be
 * copied into the project, so this is the one thing that CI may lack.
 */
export function rakutenSample(context: Context): string {
  const folder = resolve(PROJECT, process.env.RAKUTEN_SAMPLE ?? '../shared/data/rakuten-sample');
  if (!existsSync(folder)) {
    skip(context, `no real catalogue at ${folder}: name one in RAKUTEN_SAMPLE`, { allowed: true });
  }
  return folder;
}
