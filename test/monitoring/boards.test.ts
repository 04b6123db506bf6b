import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOARDS } from '../../monitoring/grafana/boards/index.ts';
import { render } from '../../monitoring/grafana/render.ts';
import { boardQueries, MONITORING } from './programs.ts';

const directory = join(MONITORING, 'grafana/dashboards');

describe('the dashboards', () => {
  it('are what the boards say: npm run monitoring -- boards', () => {
    deepEqual(
      readdirSync(directory).sort(),
      Object.keys(BOARDS)
        .map((name) => `${name}.json`)
        .sort(),
    );
    for (const [name, board] of Object.entries(BOARDS)) {
      const written = JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8'));
      deepEqual(written, JSON.parse(JSON.stringify(render(board))), name);
    }
  });

  it('have the five panels of the original, with its queries unchanged', () => {
    const queries = boardQueries().filter(({ where }) => where.startsWith('original.json'));
    deepEqual(Object.fromEntries(queries.map(({ where, expr }) => [where.split(', ')[1], expr])), {
      'HTTP Requests Duration':
        'sum by (handler)(rate(http_request_duration_seconds_sum[$__rate_interval])) / sum by (handler)(rate(http_request_duration_seconds_count[$__rate_interval]))',
      'Unauthorized requests on /predict':
        'sum(rate(http_requests_total{handler="/predict",status="4xx"}[$__rate_interval]))',
      'Successful requests on /predict':
        'sum(rate(http_requests_total{handler="/predict",status="2xx"}[$__rate_interval]))',
      'Unsuccessful requests on /predict':
        'sum(rate(http_requests_total{handler="/predict",status="5xx"}[$__rate_interval]))',
      'Unauthorized requests on /token':
        'sum(rate(http_requests_total{handler="/token",status="4xx"}[$__rate_interval]))',
    });
  });

  it('give each panel a number and a place of its own', () => {
    for (const [name, board] of Object.entries(BOARDS)) {
      const { panels = [] } = render(board);
      const ids = panels.map(({ id }) => id);
      deepEqual(ids, [...new Set(ids)], name);
      const cells = panels.flatMap(({ gridPos }) => {
        const { x = 0, y = 0, w = 0, h = 0 } = gridPos ?? {};
        ok(x + w <= 24, name);
        return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
      });
      equal(new Set(cells).size, cells.length, name);
    }
  });

  it('ask the data source that is provisioned', () => {
    const provisioned = readFileSync(
      join(MONITORING, 'grafana/provisioning/datasources/prometheus.yml'),
      'utf8',
    );
    const [, uid] = /^ {4}uid: (.*)$/m.exec(provisioned) ?? [];
    for (const board of Object.values(BOARDS)) {
      const { panels = [] } = render(board);
      for (const panel of panels) {
        if ('targets' in panel && panel.targets) equal(panel.datasource?.uid, uid);
      }
    }
  });
});
