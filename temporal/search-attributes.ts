/** What runs can be found by in the Web UI and with `temporal workflow list --query`. */
export const SEARCH_ATTRIBUTES = {
  EtiquetteFamily: 'Keyword',
  EtiquetteStage: 'Keyword',
  EtiquetteDatasetVersion: 'Keyword',
  EtiquetteBundle: 'Keyword',
  EtiquetteOutcome: 'Keyword',
  EtiquetteMlflowRun: 'Keyword',
  /** Of a check of the stream: ok, warn, alert, retrain, or unjudged. */
  EtiquetteDriftLevel: 'Keyword',
  /** The hash of an idempotency key: which request the run is for. */
  EtiquetteRequest: 'Keyword',
} as const;

export type SearchAttribute = keyof typeof SEARCH_ATTRIBUTES;
