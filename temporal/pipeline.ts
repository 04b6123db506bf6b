import {
  ApplicationFailure,
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { EtiquetteError } from '../errors.ts';
import {
  APPROVE_UPDATE,
  DEPLOY_WORKFLOW_ID,
  type DeployModelResult,
  PROGRESS_QUERY,
  REJECT_UPDATE,
  type RunProgress,
  type Waiting,
  WORKFLOWS,
} from './contracts.ts';
import type { Decision, DeployModelInput } from './inputs.ts';
import { reasonOf } from './reason.ts';

const UPDATES = { approve: APPROVE_UPDATE, reject: REJECT_UPDATE } as const;

/** What commands and the API ask of running workflows. */
export interface Pipeline {
  /** @throws EtiquetteError RUN_UNKNOWN */
  progress(workflowId: string): Promise<RunProgress>;
  /** @throws EtiquetteError NOT_WAITING, DECISION_INVALID */
  decide(workflowId: string, kind: keyof typeof UPDATES, decision: Decision): Promise<Waiting>;
  /** Waits until it is done. @throws EtiquetteError DEPLOYMENT_ALREADY_GOING, DEPLOYMENT_FAILED */
  deploy(input: DeployModelInput): Promise<DeployModelResult>;
}

/**
 * @param connect called when something is asked for the first time, and again after it failed: whoever has a
 *   pipeline can live without Temporal until then
 */
export function createPipeline(connect: () => Promise<Client>, taskQueue: string): Pipeline {
  let connecting: Promise<Client> | null = null;
  const connected = (): Promise<Client> => {
    connecting ??= connect().catch((error: unknown) => {
      connecting = null;
      throw error;
    });
    return connecting;
  };

  return {
    async progress(workflowId) {
      const { workflow } = await connected();
      try {
        return await workflow.getHandle(workflowId).query<RunProgress>(PROGRESS_QUERY);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        throw new EtiquetteError('RUN_UNKNOWN', `There is no run "${workflowId}".`, { cause: error });
      }
    },
    async decide(workflowId, kind, decision) {
      const { workflow } = await connected();
      try {
        return await workflow
          .getHandle(workflowId)
          .executeUpdate<Waiting, [Decision]>(UPDATES[kind], { args: [decision] });
      } catch (error) {
        const isRefused = error instanceof WorkflowUpdateFailedError;
        if (!isRefused && !(error instanceof WorkflowNotFoundError)) throw error;
        if (isRefused && error.cause instanceof ApplicationFailure && error.cause.type === 'INPUT_INVALID') {
          throw new EtiquetteError('DECISION_INVALID', error.cause.message, { cause: error });
        }
        throw new EtiquetteError(
          'NOT_WAITING',
          `The run "${workflowId}" does not wait for a decision. "npm run train -- --approval" makes one that does.`,
          { cause: error },
        );
      }
    },
    async deploy(input) {
      const { workflow } = await connected();
      try {
        return await workflow.execute(WORKFLOWS.deployModel, {
          workflowId: DEPLOY_WORKFLOW_ID,
          taskQueue,
          args: [input],
        });
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) {
          const message = 'Another deployment is under way: try again in a moment.';
          throw new EtiquetteError('DEPLOYMENT_ALREADY_GOING', message, { retryable: true, cause: error });
        }
        if (!(error instanceof WorkflowFailedError)) throw error;
        throw new EtiquetteError('DEPLOYMENT_FAILED', reasonOf(error), { cause: error });
      }
    },
  };
}
