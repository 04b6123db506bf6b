import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../../config.ts';
import { alerts, MONITORING, program, ruleTests, run } from './programs.ts';

const names = alerts().map(({ alert }) => alert as string);

describe('the alert rules', () => {
  it('have a name each, a severity, and words that say what to do', () => {
    deepEqual(names, [...new Set(names)]);
    for (const { alert, labels, annotations } of alerts()) {
      match(`${labels?.severity}`, /^(critical|warning|info)$/, alert);
      match(`${annotations?.summary}`, /\.$/, alert);
      match(`${annotations?.description}`, /.{40}/, alert);
    }
  });

  it('point to a runbook in docs/monitoring.md, which has no other', () => {
    const docs = readFileSync(join(PROJECT, 'docs/monitoring.md'), 'utf8');
    const runbooks = [...docs.matchAll(/^#### (\w+)$/gm)].map(([, name]) => name as string);
    for (const { alert, annotations } of alerts()) {
      equal(annotations?.runbook, `docs/monitoring.md#${alert?.toLowerCase()}`);
    }
    deepEqual(runbooks.sort(), names.sort());
  });

  it('are each tested to fire, and to stay silent', () => {
    const asked = ruleTests().flatMap((test) => test.promql_expr_test);
    const about = (alert: string) => asked.filter(({ expr }) => expr.includes(`alertname="${alert}"`));
    for (const alert of names) {
      ok(
        about(alert).some(({ exp_samples }) => exp_samples.length > 0),
        `${alert} never fires`,
      );
      ok(
        about(alert).some(({ exp_samples }) => exp_samples.length === 0),
        `${alert} is never silent`,
      );
    }
  });

  it('name only labels in their words that they carry when they fire', () => {
    const fired = ruleTests().flatMap((test) => test.promql_expr_test.flatMap((asked) => asked.exp_samples));
    for (const { alert, annotations } of alerts()) {
      const carried = fired.find(({ labels }) => labels.includes(`alertname="${alert}"`))?.labels;
      for (const [, label] of `${annotations?.description}`.matchAll(/\$labels\.(\w+)/g)) {
        ok(carried?.includes(`${label}="`), `${alert} has no label ${label}`);
      }
    }
  });

  it('are valid, and their tests pass', function () {
    const promtool = program(this, 'promtool');
    const files = (folder: string) =>
      readdirSync(join(MONITORING, folder)).map((name) => join(MONITORING, folder, name));
    const checked = run(promtool, ['check', 'rules', ...files('prometheus/rules')]);
    equal(checked.status, 0, checked.output);
    const tested = run(promtool, ['test', 'rules', ...files('prometheus/tests')]);
    equal(tested.status, 0, tested.output);
  });
});
