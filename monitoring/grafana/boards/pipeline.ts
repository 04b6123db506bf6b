import { type Board, bars, lines, mean, number, quantiles, stack } from '../board.ts';

const WORKERS = 'job=~"pipeline-worker|training-worker"';

export const pipeline: Board = {
  uid: 'etiquette-pipeline',
  title: 'Étiquette: pipeline',
  description: 'Runs, stages, workers and the Temporal server.',
  rows: [
    {
      title: 'Now',
      panels: [
        number('Workers up', 'Those that answer Prometheus.', 'none', [`sum(up{${WORKERS}})`, 'up']),
        number('Temporal', '1: it answers.', 'none', ['min(up{job="temporal"})', 'up']),
        number('Stages at work', 'Activities that run now.', 'none', [
          `sum(temporal_worker_task_slots_used{${WORKERS}, worker_type="ActivityWorker"})`,
          'stages',
        ]),
        number('Trainings that failed', 'Since the workers started.', 'none', [
          'sum(etiquette_training_runs_total{outcome="failed"}) or vector(0)',
          'failed',
        ]),
      ],
    },
    {
      title: 'Runs',
      panels: [
        bars('Trainings by outcome', 'Since the workers started.', 'none', [
          'sum by (outcome) (etiquette_training_runs_total)',
          '{{outcome}}',
        ]),
        // Not rates: what happens once in a training is a series that is born with it, and has no increase.
        lines(
          'Workflows that ended',
          'By type, since the workers started; failed ones have a reason on their page.',
          'none',
          ['sum by (workflow_type) (temporal_workflow_completed_total)', '{{workflow_type}} completed'],
          ['sum by (workflow_type) (temporal_workflow_failed_total)', '{{workflow_type}} failed'],
        ),
        bars('Mean time of a stage', 'Since the workers started, by activity.', 's', [
          'sum by (activity_type) (temporal_activity_execution_latency_seconds_sum) / sum by (activity_type) (temporal_activity_execution_latency_seconds_count)',
          '{{activity_type}}',
        ]),
        lines(
          'Attempts that failed',
          'Since the workers started; each is tried again with a growing pause.',
          'none',
          ['sum by (activity_type) (temporal_activity_execution_failed_total)', '{{activity_type}}'],
        ),
      ],
    },
    {
      title: 'Training',
      panels: [
        lines('Progress', 'How much of each stage is done.', 'percentunit', [
          'max by (stage) (etiquette_stage_progress_ratio)',
          '{{stage}}',
        ]),
        lines('Epoch', 'The one that ended last.', 'none', [
          'max by (stage) (etiquette_training_epoch)',
          '{{stage}}',
        ]),
        lines('Learning', 'Loss and accuracy of the last epoch.', 'none', [
          'max by (stage, metric) (etiquette_training_metric)',
          '{{stage}} {{metric}}',
        ]),
      ],
    },
    {
      title: 'Workers',
      panels: [
        stack('Slots in use', 'By worker and kind of task.', 'none', [
          `sum by (job, worker_type) (temporal_worker_task_slots_used{${WORKERS}})`,
          '{{job}} {{worker_type}}',
        ]),
        lines('Slots left', 'None left: stages wait.', 'none', [
          `sum by (job, worker_type) (temporal_worker_task_slots_available{${WORKERS}})`,
          '{{job}} {{worker_type}}',
        ]),
        lines(
          'Wait of a stage',
          'From scheduled to started. On the training queue one waits for the other.',
          's',
          ...quantiles('temporal_activity_schedule_to_start_latency_seconds', {
            by: 'task_queue',
            selector: `{${WORKERS}}`,
          }),
        ),
        lines('Pollers', 'None: the worker takes no work.', 'none', [
          `sum by (job, poller_type) (temporal_num_pollers{${WORKERS}})`,
          '{{job}} {{poller_type}}',
        ]),
        lines('Workflow tasks', 'Time of a step of workflow code.', 's', [
          mean('temporal_workflow_task_execution_latency_seconds', 'workflow_type'),
          '{{workflow_type}}',
        ]),
        lines('Requests to the server', 'By worker; long polls apart.', 'reqps', [
          `sum by (job) (rate(temporal_request_total{${WORKERS}}[$__rate_interval]))`,
          '{{job}}',
        ]),
      ],
    },
    {
      title: 'Temporal server',
      panels: [
        lines('Requests', 'The ten most frequent operations of the frontend.', 'reqps', [
          'topk(10, sum by (operation) (rate(service_requests{job="temporal", service_name="frontend"}[$__rate_interval])))',
          '{{operation}}',
        ]),
        lines('Latency', 'Mean by service, long polls included in the frontend and matching.', 's', [
          mean('service_latency', 'service_name'),
          '{{service_name}}',
        ]),
        lines('Database', 'Mean time of an access, by service.', 's', [
          mean('persistence_latency', 'service_name'),
          '{{service_name}}',
        ]),
        lines('Memory', 'Heap in use; the services of a development server share a process.', 'bytes', [
          'max by (instance) (memory_heapinuse{job="temporal"})',
          '{{instance}}',
        ]),
      ],
    },
  ],
};
