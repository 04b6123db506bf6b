import { join } from 'node:path';
import { EtiquetteError } from '../errors.ts';
import {
  champion,
  previousVersion,
  readDeployments,
  recordDeployment,
} from '../models/bundle/deployments.ts';
import { readBundle } from '../models/bundle/load.ts';
import type { Observed } from '../models/evaluation/rollout.ts';
import type { TrialPlan, TrialState } from '../models/serving/trial.ts';
import { apiProcesses } from './api-processes.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';

export interface DeployInput {
  /** null: go back to what served before. */
  readonly version: string | null;
  readonly by: string;
  readonly reason: string;
}

/** Which bundle a deployment is about, before anything is touched. @throws BUNDLE_UNKNOWN, ROLLBACK_IMPOSSIBLE. */
export function createChooseBundle({ config }: ActivityDeps) {
  return function chooseBundle({ version }: { version: string | null }): Promise<{ version: string }> {
    return durable('deploy', async () => {
      const chosen = version ?? previousVersion(await readDeployments(config.deployments));
      if (chosen === null) {
        throw new EtiquetteError('ROLLBACK_IMPOSSIBLE', 'Nothing served before the present bundle.');
      }
      await readBundle(join(config.bundles, chosen));
      return { version: chosen };
    });
  };
}

/**
 * Has every API process load the bundle beside the old one and check it with its golden products; only then does
 * the first switch. Done when each has. All of it is idempotent: a retry after a crash records what already serves.
 */
export function createDeploy({ config }: ActivityDeps) {
  const api = apiProcesses(config.apis, config.DEPLOY_TOKEN);
  return function deploy(input: DeployInput & { version: string; rollback: boolean }) {
    return durable('deploy', async ({ signal, report }) => {
      const { version } = input;
      report({ fraction: 0.1, message: `the API loads ${version} beside the old bundle` });
      for (const step of ['prepare', 'activate']) {
        await api.ask('POST', '/internal/deployments', { version, step }, signal);
      }
      const reused = (await champion(config.deployments)) === version;
      const { replaced } = await recordDeployment(config.deployments, {
        version,
        at: new Date().toISOString(),
        by: input.by,
        reason: input.reason,
        kind: input.rollback ? 'rollback' : 'deployment',
      });
      return { version, replaced, reason: input.reason, reused };
    });
  };
}

/** Begins a trial in every API process, or looks at the one that goes on. @returns what all of them saw */
export function createTryBundle({ config }: ActivityDeps) {
  const api = apiProcesses(config.apis, config.DEPLOY_TOKEN);
  return function tryBundle(plan: TrialPlan): Promise<Observed> {
    return durable('deploy', async ({ signal, report }) => {
      const states = await api.ask<TrialState>('POST', '/internal/trials', plan, signal);
      const seen = together(states);
      report({ fraction: 0.5, message: `${plan.kind}: ${seen.answered} answered, ${seen.failed} failed` });
      return seen;
    });
  };
}

/** Ends the trial, if there is one: the champion answers everything. */
export function createEndTrial({ config }: ActivityDeps) {
  const api = apiProcesses(config.apis, config.DEPLOY_TOKEN);
  return function endTrial(): Promise<void> {
    return durable('deploy', async ({ signal }) => {
      await api.ask('DELETE', '/internal/trials', undefined, signal);
    });
  };
}

/** The slowest process counts. */
function together(states: readonly TrialState[]): Observed {
  const sum = (name: 'answered' | 'failed' | 'disagreed') =>
    states.reduce((total, state) => total + state[name], 0);
  const slowest = (name: 'milliseconds' | 'championMilliseconds') => {
    const known = states.map((state) => state[name]).filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  };
  return {
    answered: sum('answered'),
    failed: sum('failed'),
    disagreed: sum('disagreed'),
    milliseconds: slowest('milliseconds'),
    championMilliseconds: slowest('championMilliseconds'),
  };
}
