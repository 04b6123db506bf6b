import { writeFileSync } from 'node:fs';
import Mocha, { type Runner, type Suite, type Test } from 'mocha';
import type { Skipped } from '../../test/support/skip.ts';
import { type SkippedTest, SUMMARY_FILE, type TestSummary } from './summary.ts';

/** mocha's spec report, and a summary in a file for `npm test`. */
export default class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: SkippedTest[] = [];
    runner.on('pending', (test: Test) => skipped.push(describeSkip(test)));
    runner.on('end', () => {
      const file = process.env[SUMMARY_FILE];
      if (!file) return;
      const { passes, failures } = this.stats;
      const summary: TestSummary = { passed: passes, failed: failures, skipped };
      writeFileSync(file, JSON.stringify(summary));
    });
  }
}

function describeSkip(test: Test): SkippedTest {
  let place: (Test | Suite) & Skipped = test;
  while (place.skipReason === undefined && place.parent) place = place.parent;
  return {
    title: test.fullTitle(),
    reason: place.skipReason ?? 'without a reason in the code',
    allowed: place.skipAllowed ?? false,
  };
}
