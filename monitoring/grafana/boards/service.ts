import { type Board, lines, number, quantiles, stack } from '../board.ts';

const answers = (matcher: string) => `etiquette_http_answers_total{job="api", ${matcher}}`;

export const service: Board = {
  uid: 'etiquette-service',
  title: 'Étiquette: service',
  description: 'The API as its clients see it, and what its processes use.',
  rows: [
    {
      title: 'Now',
      panels: [
        number('API processes up', 'Those that answer Prometheus.', 'none', ['sum(up{job="api"})', 'up']),
        number('Requests', 'All handlers.', 'reqps', [
          'sum(rate(http_requests_total{job="api"}[$__rate_interval]))',
          'requests',
        ]),
        number('Errors', 'Share of answers with 5xx, without 503.', 'percentunit', [
          'job:http_errors:ratio_rate5m',
          'errors',
        ]),
        number('Turned away', 'Share of answers with 503.', 'percentunit', [
          'job:http_busy:ratio_rate5m',
          'busy',
        ]),
      ],
    },
    {
      title: 'Requests',
      panels: [
        stack('Requests by handler', 'What is asked for.', 'reqps', [
          'sum by (handler) (rate(http_requests_total{job="api"}[$__rate_interval]))',
          '{{handler}}',
        ]),
        stack('Answers by status', 'Exact status; 429 is the rate limit, 503 the full queue.', 'reqps', [
          'sum by (status) (rate(etiquette_http_answers_total{job="api"}[$__rate_interval]))',
          '{{status}}',
        ]),
        lines(
          'Duration',
          'Quantiles over all handlers.',
          's',
          ...quantiles('http_request_duration_highr_seconds', { selector: '{job="api"}' }),
        ),
        lines('Slow predictions', 'Share of /predict above a second. Above 1 %: ApiSlow.', 'percentunit', [
          'job:predict_slow:ratio_rate5m',
          'slow',
        ]),
        lines(
          'Refused',
          'Failed log-ins, missing rights, spent limits: by handler.',
          'reqps',
          [`sum by (handler) (rate(${answers('status="401"')}[$__rate_interval]))`, '401 {{handler}}'],
          [`sum by (handler) (rate(${answers('status="422"')}[$__rate_interval]))`, '422 {{handler}}'],
          [`sum by (handler) (rate(${answers('status="429"')}[$__rate_interval]))`, '429 {{handler}}'],
        ),
        lines(
          'Bytes',
          'Bodies in and out.',
          'Bps',
          ['sum(rate(http_request_size_bytes_sum{job="api"}[$__rate_interval]))', 'in'],
          ['sum(rate(http_response_size_bytes_sum{job="api"}[$__rate_interval]))', 'out'],
        ),
      ],
    },
    {
      title: 'Processes',
      panels: [
        lines('CPU', 'Cores that each HTTP process uses; inference is in processes of its own.', 'none', [
          'rate(process_cpu_seconds_total{job=~"api|auth"}[$__rate_interval])',
          '{{job}} {{instance}}',
        ]),
        lines(
          'Memory',
          'Resident, and the heap in it. One that only grows is a leak.',
          'bytes',
          ['process_resident_memory_bytes{job=~"api|auth"}', '{{job}} {{instance}} resident'],
          ['nodejs_heap_size_used_bytes{job=~"api|auth"}', '{{job}} {{instance}} heap'],
        ),
        lines('Event loop', 'How long a turn takes, 99th percentile: everybody waits for that long.', 's', [
          'nodejs_eventloop_lag_p99_seconds{job=~"api|auth"}',
          '{{job}} {{instance}}',
        ]),
        lines('Garbage collection', 'Share of the time.', 'percentunit', [
          'sum by (job, instance) (rate(nodejs_gc_duration_seconds_sum{job=~"api|auth"}[$__rate_interval]))',
          '{{job}} {{instance}}',
        ]),
        lines('File descriptors', 'Connections and files, of those allowed.', 'percentunit', [
          'process_open_fds{job=~"api|auth"} / process_max_fds{job=~"api|auth"}',
          '{{job}} {{instance}}',
        ]),
      ],
    },
  ],
};
