import { TYPE_CODES } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import type { Metrics } from '../bundle/format.ts';
import { type Comparison, compareAnswers, f1PerCode } from './bootstrap.ts';
import type { Scores } from './classification.ts';
import type { GateRule } from './gate-rule.ts';

/** What is known of one of the two bundles, on the test rows. */
export interface Candidate {
  readonly metrics: Metrics;
  /** The class index that it answers for each row. */
  readonly answers: ArrayLike<number>;
}

export interface GateInput {
  readonly rule: GateRule;
  /** Class index of every test row. */
  readonly labels: ArrayLike<number>;
  readonly challenger: Candidate;
  /** The serving bundle on the same rows; null when nothing is deployed. */
  readonly champion: Candidate | null;
  /** `Evaluation.baseline`: always answering the most frequent code, on the same rows. */
  readonly baseline: Scores;
  /** The challenger's median time for one product, in milliseconds. */
  readonly milliseconds: number;
}

/** One part of the rule: what was asked, and what was found. */
export interface Check {
  readonly name: 'rows' | 'lead' | 'codes' | 'calibration' | 'latency';
  readonly passed: boolean;
  /** For people, with the figures. */
  readonly says: string;
}

export interface Verdict {
  readonly passed: boolean;
  /** One sentence with the figures that decided, for the run's result and for people. */
  readonly reason: string;
  readonly rule: GateRule;
  readonly checks: readonly Check[];
}

/** Below this a model's confidence is honest enough, whatever the champion's was. */
const CALIBRATED = 0.05;

/**
 * Whether a challenger may serve. Against a champion it must lead by more than chance, harm no code, be as well
 * calibrated, and be quick enough; the first bundle must beat always answering the most frequent code.
 * @throws EtiquetteError GATE_ROWS_DIFFER when the two were not scored on the same rows.
 */
export function judge(input: GateInput): Verdict {
  const { rule, labels, challenger, champion } = input;
  for (const { answers, metrics } of champion ? [challenger, champion] : [challenger]) {
    if (answers.length === labels.length && metrics.n === labels.length) continue;
    const message = `There are ${labels.length} test rows, and ${answers.length} answers to them: score both bundles on the same rows.`;
    throw new EtiquetteError('GATE_ROWS_DIFFER', message);
  }
  if (labels.length === 0) {
    const says = 'There are no test rows, so nothing shows that this model is any good.';
    return { passed: false, reason: says, rule, checks: [{ name: 'rows', passed: false, says }] };
  }
  const checks = champion ? against(input, champion) : [first(input), latency(input)];
  const passed = checks.every((check) => check.passed);
  const decided = checks.filter((check) => check.passed === passed).map(({ says }) => says);
  return { passed, reason: (passed ? decided.slice(0, 1) : decided).join(' '), rule, checks };
}

function against(input: GateInput, champion: Candidate): Check[] {
  const comparison = compareAnswers(input.labels, input.challenger.answers, champion.answers);
  return [
    lead(input, champion, comparison),
    codes(input, champion, comparison),
    calibration(input, champion),
    latency(input),
  ];
}

function first({ labels, challenger, baseline }: GateInput): Check {
  const [ours, theirs] = [challenger.metrics.fused.weightedF1, baseline.weightedF1];
  const figures = `weighted F1 ${figure(ours)} against ${figure(theirs)} for always answering the most frequent code, on ${labels.length} test rows`;
  return ours > theirs
    ? { name: 'lead', passed: true, says: `First model: ${figures}.` }
    : {
        name: 'lead',
        passed: false,
        says: `Not better than guessing: ${figures}. Check the data and the training curves.`,
      };
}

function lead({ rule, labels, challenger }: GateInput, champion: Candidate, compared: Comparison): Check {
  const [ours, theirs] = [challenger.metrics.fused.weightedF1, champion.metrics.fused.weightedF1];
  const { low, high } = compared.lead;
  const passed = low > rule.lead;
  const verdict =
    low > 0
      ? `Better than the champion${passed ? '' : ', but by too little'}`
      : high < 0
        ? 'Worse than the champion'
        : ours > theirs
          ? 'Better than the champion, but by no more than chance'
          : `Not ${passed ? 'surely worse' : 'better'} than the champion`;
  const least = rule.lead === 0 ? 'it must begin above 0' : `it must begin above ${signed(rule.lead)}`;
  const says =
    `${verdict}: weighted F1 ${figure(ours)} against ${figure(theirs)} on the same ${labels.length} test rows, ` +
    `a lead of ${signed(ours - theirs)} (95 % interval ${signed(low)} to ${signed(high)}; ${least}).`;
  return { name: 'lead', passed, says };
}

function codes({ rule, labels, challenger }: GateInput, champion: Candidate, compared: Comparison): Check {
  const ours = f1PerCode(labels, challenger.answers);
  const theirs = f1PerCode(labels, champion.answers);
  const fallen = TYPE_CODES.flatMap((code, index) => {
    const [now, before] = [ours[index] ?? 0, theirs[index] ?? 0];
    const isFallen = before - now > rule.codeFall && (compared.codes[index]?.high ?? 0) < 0;
    return isFallen ? [`${code} (F1 ${figure(before)} to ${figure(now)})`] : [];
  });
  const bound = `by more than ${figure(rule.codeFall)}, and by more than chance`;
  return fallen.length === 0
    ? { name: 'codes', passed: true, says: `No code's F1 fell ${bound}.` }
    : { name: 'codes', passed: false, says: `Codes whose F1 fell ${bound}: ${fallen.join(', ')}.` };
}

function calibration({ rule, challenger }: GateInput, champion: Candidate): Check {
  const [ours, theirs] = [challenger.metrics.ece, champion.metrics.ece];
  const bound = Math.max(theirs + rule.eceRise, CALIBRATED);
  const figures = `expected calibration error ${figure(ours)} against ${figure(theirs)} (at most ${figure(bound)})`;
  return ours <= bound
    ? { name: 'calibration', passed: true, says: `As well calibrated: ${figures}.` }
    : { name: 'calibration', passed: false, says: `Its confidence is less honest: ${figures}.` };
}

function latency({ rule, milliseconds }: GateInput): Check {
  const figures = `a product takes ${milliseconds.toFixed(1)} ms, and may take ${rule.milliseconds} ms`;
  return milliseconds <= rule.milliseconds
    ? { name: 'latency', passed: true, says: `Quick enough: ${figures}.` }
    : { name: 'latency', passed: false, says: `Too slow: ${figures}.` };
}

function figure(value: number): string {
  return value.toFixed(4);
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${figure(Math.abs(value))}`;
}
