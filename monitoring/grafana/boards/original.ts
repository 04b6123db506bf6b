import { type Board, lines } from '../board.ts';

const requests = (handler: string, status: string) =>
  `sum(rate(http_requests_total{handler="${handler}",status="${status}"}[$__rate_interval]))`;

/** The five panels of the project that this one succeeds, with its queries as they were. */
export const original: Board = {
  uid: 'etiquette-original',
  title: 'Product Classifier Monitoring',
  description: 'The panels of the original project; its queries are unchanged.',
  rows: [
    {
      title: 'HTTP',
      panels: [
        lines('HTTP Requests Duration', 'Mean duration by handler.', 's', [
          'sum by (handler)(rate(http_request_duration_seconds_sum[$__rate_interval])) / sum by (handler)(rate(http_request_duration_seconds_count[$__rate_interval]))',
          '{{handler}}',
        ]),
        lines(
          'Unauthorized requests on /predict',
          'Every 4xx: wrong tokens, but also wrong products (422) and spent limits (429).',
          'reqps',
          [requests('/predict', '4xx'), '4xx'],
        ),
        lines('Successful requests on /predict', 'Answered predictions.', 'reqps', [
          requests('/predict', '2xx'),
          '2xx',
        ]),
        lines('Unsuccessful requests on /predict', 'Every 5xx, a full queue (503) too.', 'reqps', [
          requests('/predict', '5xx'),
          '5xx',
        ]),
        lines('Unauthorized requests on /token', 'Wrong passwords, and forms that lack a field.', 'reqps', [
          requests('/token', '4xx'),
          '4xx',
        ]),
      ],
    },
  ],
};
