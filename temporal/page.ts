export interface PageSettings {
  readonly TEMPORAL_ADDRESS: string;
  readonly TEMPORAL_UI_PORT: number;
  readonly TEMPORAL_NAMESPACE: string;
}

/** The page of a run in Temporal's Web UI. */
export function runPage(settings: PageSettings, workflowId: string, runId: string): string {
  const [host] = settings.TEMPORAL_ADDRESS.split(':');
  const namespace = `http://${host}:${settings.TEMPORAL_UI_PORT}/namespaces/${settings.TEMPORAL_NAMESPACE}`;
  return `${namespace}/workflows/${workflowId}/${runId}/history`;
}
