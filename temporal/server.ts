import { SEARCH_ATTRIBUTES } from './search-attributes.ts';

export interface DevServerSettings {
  /** host:port of the frontend, on loopback. */
  readonly address: string;
  readonly uiPort: number;
  /** SQLite file: workflows and schedules outlive a killed server. */
  readonly database: string;
  readonly namespace?: string;
  /** Where it answers Prometheus; 0 or absent: on any free one. */
  readonly metricsPort?: number;
}

/** Arguments of the `temporal` CLI that start the local server with this project's search attributes. */
export function devServerArguments({
  address,
  uiPort,
  database,
  namespace,
  metricsPort,
}: DevServerSettings): string[] {
  const [host, port] = address.split(':') as [string, string];
  return [
    'server',
    'start-dev',
    '--ip',
    host,
    '--port',
    port,
    '--ui-port',
    `${uiPort}`,
    '--db-filename',
    database,
    '--log-level',
    'warn',
    ...(metricsPort ? ['--metrics-port', `${metricsPort}`] : []),
    ...(namespace && namespace !== 'default' ? ['--namespace', namespace] : []),
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ];
}
