import { type Board, bars, lines, mean, number, quantiles, stack } from '../board.ts';

export const model: Board = {
  uid: 'etiquette-model',
  title: 'Étiquette: model',
  description: 'Which bundle serves, what it answers, how sure it is, and how inference keeps up.',
  rows: [
    {
      title: 'Champion',
      panels: [
        number('Bundle', 'What serves now.', 'none', ['etiquette_bundle_info', '{{version}}']),
        number('Age', 'Since its deployment.', 's', ['max(etiquette_champion_age_seconds)', 'age']),
        number('Deployments', 'Since the first one, rollbacks apart.', 'none', [
          'max(etiquette_deployments_total{kind="deployment"})',
          'deployments',
        ]),
        number('Rollbacks', 'Since the first deployment.', 'none', [
          'max(etiquette_deployments_total{kind="rollback"})',
          'rollbacks',
        ]),
      ],
    },
    {
      title: 'Answers',
      panels: [
        stack('Predictions by code', 'A mix that changes at once is drift, or a broken client.', 'ops', [
          'sum by (code) (rate(etiquette_predictions_total[$__rate_interval]))',
          '{{code}}',
        ]),
        bars('Most frequent codes', 'In the time shown.', 'short', [
          'topk(10, sum by (code) (increase(etiquette_predictions_total[$__range])))',
          '{{code}}',
        ]),
        stack('Predictions by bundle', 'During a canary two bundles answer.', 'ops', [
          'sum by (bundle) (rate(etiquette_predictions_total[$__rate_interval]))',
          '{{bundle}}',
        ]),
        lines(
          'Confidence',
          'Mean by bundle. It is calibrated: the share of answers that are right should be as high.',
          'percentunit',
          [mean('etiquette_prediction_confidence', 'bundle'), '{{bundle}}'],
        ),
        lines('Unsure answers', 'Share of answers below 50 %, by bundle.', 'percentunit', [
          'sum by (bundle) (rate(etiquette_prediction_confidence_bucket{le="0.5"}[$__rate_interval])) / sum by (bundle) (rate(etiquette_prediction_confidence_count[$__rate_interval]))',
          '{{bundle}}',
        ]),
      ],
    },
    {
      title: 'The stream beside the training',
      panels: [
        number(
          'Level',
          'Of the last check: 0 ok, 1 warn, 2 alert, 3 retrain. No value: nothing to judge.',
          'none',
          ['job:etiquette_drift_level:last', 'level'],
        ),
        number('Checked', 'Since the last check. One runs every hour.', 's', [
          'time() - max(etiquette_drift_checked_seconds)',
          'ago',
        ]),
        lines(
          'Right answers',
          'Estimated by confidence, measured where people looked, and on the rows held out at the training.',
          'percentunit',
          ['kind:etiquette_drift_accuracy:last', '{{kind}}'],
        ),
        lines('What has changed', 'A stability index: 0.1 is some change, 0.25 a large one.', 'none', [
          'feature:etiquette_drift_size:last',
          '{{feature}}',
        ]),
      ],
    },
    {
      title: 'Corrections',
      panels: [
        number(
          'Agreement',
          'Of the answers that people judged in the time shown, the share that they confirmed. Who judges rarely judges at random.',
          'percentunit',
          [
            'sum(increase(etiquette_corrections_total{result="confirmed"}[$__range])) / sum(increase(etiquette_corrections_total[$__range]))',
            'confirmed',
          ],
        ),
        number('Judged', 'Answers that people judged in the time shown.', 'short', [
          'sum(increase(etiquette_corrections_total[$__range]))',
          'judged',
        ]),
        lines(
          'Judged answers',
          'Confirmed or corrected by people; what the next training learns from.',
          'short',
          ['sum by (result) (increase(etiquette_corrections_total[$__rate_interval]))', '{{result}}'],
        ),
        bars('Codes that were missed', 'The right code of corrected answers, in the time shown.', 'short', [
          'topk(10, sum by (code) (increase(etiquette_corrections_total{result="corrected"}[$__range])))',
          '{{code}}',
        ]),
      ],
    },
    {
      title: 'Inference',
      panels: [
        lines(
          'Time of a batch',
          'In the inference process.',
          's',
          ...quantiles('etiquette_inference_batch_seconds'),
        ),
        lines('Products a batch', 'More than one only under load.', 'none', [
          mean('etiquette_inference_batch_size', 'instance'),
          '{{instance}}',
        ]),
        lines('Waiting', 'Requests in the queue; full at MAX_QUEUE, then 503.', 'none', [
          'etiquette_inference_queue_depth',
          '{{instance}}',
        ]),
        lines(
          'Wait in the queue',
          'Before an inference process takes a request.',
          's',
          ...quantiles('etiquette_inference_queue_wait_seconds'),
        ),
        lines('Processes', 'Inference processes: those ready, and those that should be.', 'none', [
          'sum by (instance, state) (etiquette_inference_processes)',
          '{{instance}} {{state}}',
        ]),
        lines(
          'Replaced processes',
          'Those that died or hung, and those that had grown.',
          'none',
          ['sum(increase(etiquette_inference_restarts_total[$__rate_interval]))', 'died or hung'],
          ['sum(increase(etiquette_inference_recycles_total[$__rate_interval]))', 'grown'],
        ),
        lines('Kept answers', 'Share of predictions that were answered from memory.', 'percentunit', [
          'sum(rate(etiquette_cache_answers_total{result="hit"}[$__rate_interval])) / sum(rate(etiquette_cache_answers_total[$__rate_interval]))',
          'hits',
        ]),
      ],
    },
  ],
};
