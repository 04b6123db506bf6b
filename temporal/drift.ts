import type { Client } from '@temporalio/client';
import { type WatchDriftResult, WORKFLOWS } from './contracts.ts';

/** The newest check that is done, whoever asked for it. Temporal lists the last closed first; the list lags some moments behind. */
export async function lastDriftCheck(client: Client): Promise<WatchDriftResult | null> {
  const { executions } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: `WorkflowType = '${WORKFLOWS.watchDrift}' AND ExecutionStatus = 'Completed'`,
    pageSize: 1,
  });
  const [newest] = executions;
  if (!newest?.execution?.workflowId) return null;
  const { workflowId, runId } = newest.execution;
  return await client.workflow.getHandle(workflowId, runId ?? undefined).result();
}
