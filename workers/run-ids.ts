import { asyncLocalStorage } from '@temporalio/activity';

/** For a logger's lines: which run and activity they were written in, if in one. */
export function runIds(): { workflowId?: string; runId?: string; activity?: string } {
  const info = asyncLocalStorage.getStore()?.info;
  if (!info) return {};
  return { ...info.workflowExecution, activity: info.activityType };
}
