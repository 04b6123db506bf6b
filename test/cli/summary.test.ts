import { deepEqual, equal } from 'node:assert/strict';
import { concludeTests } from '../../cli/testing/summary.ts';

const skipped = (title: string, reason: string, allowed = false) => ({ title, reason, allowed });

describe('the end of npm test', () => {
  it('is one line of counts when nothing was skipped', () => {
    deepEqual(concludeTests({ passed: 3, failed: 0, skipped: [] }, false), {
      lines: ['3 passed, 0 failed, 0 skipped'],
      exitCode: 0,
    });
  });

  it('fails when a test failed, or when there was none', () => {
    equal(concludeTests({ passed: 3, failed: 1, skipped: [] }, false).exitCode, 1);
    equal(concludeTests({ passed: 0, failed: 0, skipped: [] }, false).exitCode, 1);
  });

  it('names what was skipped, by reason', () => {
    const tests = [skipped('a', 'no data'), skipped('b', 'no server'), skipped('c', 'no data')];
    deepEqual(concludeTests({ passed: 1, failed: 0, skipped: tests }, false), {
      lines: [
        'Skipped: 2 tests, no data',
        '  - a',
        '  - c',
        'Skipped: 1 test, no server',
        '  - b',
        '1 passed, 0 failed, 3 skipped',
      ],
      exitCode: 0,
    });
  });

  it('counts a skip as a failure in CI, unless CI can not have what is missing', () => {
    const tests = [skipped('a', 'no data', true), skipped('b', 'no server')];
    deepEqual(concludeTests({ passed: 1, failed: 0, skipped: tests }, true), {
      lines: [
        'Skipped: 1 test, no data',
        '  - a',
        'Skipped, which CI does not allow: 1 test, no server',
        '  - b',
        '1 passed, 1 failed, 1 skipped',
      ],
      exitCode: 1,
    });
  });
});
