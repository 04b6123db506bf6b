import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../config.ts';
import { alertmanagerConfiguration } from '../../monitoring/alertmanager/configuration.ts';
import { prometheusConfiguration } from '../../monitoring/prometheus/configuration.ts';
import { MONITORING, program, run } from './programs.ts';

const prometheusYml = readFileSync(join(MONITORING, 'prometheus/prometheus.yml'), 'utf8');
const alertmanagerYml = readFileSync(join(MONITORING, 'alertmanager/alertmanager.yml'), 'utf8');

interface Scrapes {
  readonly global: { readonly scrape_interval: string };
  readonly rule_files: readonly string[];
  readonly alerting: { readonly alertmanagers: [{ readonly static_configs: unknown }] };
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly static_configs: [{ readonly targets: readonly string[] }];
    readonly authorization?: unknown;
  }[];
}

const targetsIn = (text: string) =>
  Object.fromEntries(
    (parse(text) as Scrapes).scrape_configs.map(({ job_name, static_configs: [{ targets }] }) => [
      job_name,
      targets,
    ]),
  );

describe("Prometheus' configuration", () => {
  it('is valid, and scrapes every 15 s as the original did', function () {
    const checked = run(program(this, 'promtool'), ['check', 'config', 'prometheus/prometheus.yml']);
    equal(checked.status, 0, checked.output);
    equal((parse(prometheusYml) as Scrapes).global.scrape_interval, '15s');
  });

  it('has the ports that config.ts has by default', () => {
    const config = readConfig({});
    const port = (number: number) => [`127.0.0.1:${number}`];
    deepEqual(targetsIn(prometheusYml), {
      api: port(config.API_PORT),
      auth: port(config.AUTH_PORT),
      'pipeline-worker': port(config.PIPELINE_METRICS_PORT),
      'training-worker': port(config.TRAINING_METRICS_PORT),
      temporal: port(config.TEMPORAL_METRICS_PORT),
      node: port(config.NODE_EXPORTER_PORT),
      prometheus: port(config.PROMETHEUS_PORT),
      alertmanager: port(config.ALERTMANAGER_PORT),
    });
  });

  it('can be made for other addresses, with the token that /metrics asks for', () => {
    const made = prometheusConfiguration(prometheusYml, {
      targets: { api: ['api-1:8000', 'api-2:8000'], node: ['node:9100'], alertmanager: ['alert:9093'] },
      rules: '/etc/rules',
      tokenFile: '/run/token',
    });
    deepEqual(targetsIn(made), {
      api: ['api-1:8000', 'api-2:8000'],
      node: ['node:9100'],
      alertmanager: ['alert:9093'],
    });
    const { rule_files, alerting, scrape_configs, global } = parse(made) as Scrapes;
    deepEqual(rule_files, ['/etc/rules/*.yml']);
    deepEqual(alerting.alertmanagers[0].static_configs, [{ targets: ['alert:9093'] }]);
    deepEqual(
      scrape_configs.map(({ authorization }) => authorization),
      [{ credentials_file: '/run/token' }, undefined, undefined],
    );
    equal(global.scrape_interval, '15s');
    match(made, /Behind a balancer/);
  });
});

describe("Alertmanager's configuration", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'etiquette-alertmanager-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  function check(amtool: string, text: string) {
    const file = join(directory, 'alertmanager.yml');
    writeFileSync(file, text);
    writeFileSync(join(directory, 'secret'), 'a secret of the tests');
    return run(amtool, ['check-config', file]);
  }

  it('names files for the address and the secret, and holds neither', () => {
    const { receivers } = parse(alertmanagerYml) as { receivers: unknown };
    deepEqual(receivers, [
      {
        name: 'webhook',
        webhook_configs: [
          {
            url_file: 'webhook-url',
            send_resolved: true,
            http_config: { authorization: { credentials_file: 'webhook-secret' } },
          },
        ],
      },
    ]);
  });

  it('is valid with an address, with or without a secret, and without any', function () {
    const amtool = program(this, 'amtool');
    const url = 'https://example.org/hook';
    for (const [options, expected] of [
      [{ url, secretFile: 'secret' }, /https:\/\/example.org\/hook[\s\S]*credentials_file: secret/],
      [{ url, secretFile: null }, /https:\/\/example.org\/hook/],
      [{ url: null, secretFile: null }, /receiver: webhook/],
    ] as const) {
      const text = alertmanagerConfiguration(alertmanagerYml, options);
      match(text, expected);
      const checked = check(amtool, text);
      equal(checked.status, 0, checked.output);
    }
  });
});
