import { ApplicationFailure, condition, defineUpdate, setHandler } from '@temporalio/workflow';
import {
  APPROVE_UPDATE,
  REJECT_UPDATE,
  type TrainAndDeployResult,
  type Waiting,
} from '../temporal/contracts.ts';
import { type Decision, decisionInput } from '../temporal/inputs.ts';
import { parseInput } from './input.ts';

export interface Decided extends Decision {
  readonly approved: boolean;
}

export interface Approval {
  /** Waits for a person. null: nobody decided in time. */
  wait(run: TrainAndDeployResult, hours: number): Promise<Decided | null>;
  readonly waiting: Waiting | null;
}

/** Takes the updates `approve` and `reject`; the first one that comes while the run waits decides. */
export function takeDecisions(onChange: () => void): Approval {
  let waiting: Waiting | null = null;
  let decided: Decided | null = null;

  const validator = (input: Decision): void => {
    if (waiting === null || decided !== null) {
      throw ApplicationFailure.nonRetryable('This run does not wait for a decision.', 'NOT_WAITING');
    }
    parseInput(decisionInput, input);
  };
  for (const [name, approved] of [
    [APPROVE_UPDATE, true],
    [REJECT_UPDATE, false],
  ] as const) {
    const decide = (input: Decision): Waiting => {
      decided = { ...parseInput(decisionInput, input), approved };
      return waiting as Waiting;
    };
    setHandler(defineUpdate<Waiting, [Decision]>(name), decide, { validator });
  }

  return {
    get waiting() {
      return waiting;
    },
    async wait(run, hours) {
      const milliseconds = hours * 3_600_000;
      waiting = { run, until: new Date(Date.now() + milliseconds).toISOString() };
      onChange();
      await condition(() => decided !== null, milliseconds);
      waiting = null;
      onChange();
      return decided;
    },
  };
}
