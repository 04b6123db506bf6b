/** Stages take from milliseconds (found in the store) to hours (pictures through VGG16 on a CPU). */
const STAGE_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600];
const WAIT_SECONDS = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/** How a worker's metrics look to Prometheus: seconds, units and `_total` in the names, as it wants them. */
export function prometheus(bindAddress: string) {
  return {
    bindAddress,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
    histogramBucketOverrides: {
      activity_execution_latency: STAGE_SECONDS,
      activity_succeed_endtoend_latency: STAGE_SECONDS,
      workflow_endtoend_latency: STAGE_SECONDS,
      activity_schedule_to_start_latency: WAIT_SECONDS,
      workflow_task_schedule_to_start_latency: WAIT_SECONDS,
    },
  };
}
