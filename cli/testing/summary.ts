/** What a test run came to, for the last line and the exit code. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly SkippedTest[];
}

export interface SkippedTest {
  readonly title: string;
  readonly reason: string;
  /** Whether CI may skip it too. */
  readonly allowed: boolean;
}

/** The variable that tells the reporter where to leave the summary. */
export const SUMMARY_FILE = 'ETIQUETTE_TEST_SUMMARY';

/** What to print after mocha's own report; its last line is `N passed, N failed, N skipped`. */
export function concludeTests({ passed, failed, skipped }: TestSummary, strict: boolean) {
  const forbidden = strict ? skipped.filter(({ allowed }) => !allowed) : [];
  const lines: string[] = [];
  for (const reason of new Set(skipped.map((test) => test.reason))) {
    const tests = skipped.filter((test) => test.reason === reason);
    const count = tests.length === 1 ? '1 test' : `${tests.length} tests`;
    const verdict = tests.some((test) => forbidden.includes(test))
      ? 'Skipped, which CI does not allow'
      : 'Skipped';
    lines.push(`${verdict}: ${count}, ${reason}`, ...tests.map(({ title }) => `  - ${title}`));
  }
  const failures = failed + forbidden.length;
  lines.push(`${passed} passed, ${failures} failed, ${skipped.length - forbidden.length} skipped`);
  return { lines, exitCode: failures > 0 || passed === 0 ? 1 : 0 };
}
