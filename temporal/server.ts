import { SEARCH_ATTRIBUTES } from './search-attributes.ts';

export interface DevServerSettings {
  /** host:port of the frontend, on loopback. */
  readonly address: string;
  readonly uiPort: number;
  /** SQLite file: workflows and schedules outlive a killed server. */
  readonly database: string;
  readonly namespace?: string;
}

/** Arguments of the `temporal` CLI that start the local server with this project's search attributes. */
export function devServerArguments({ address, uiPort, database, namespace }: DevServerSettings): string[] {
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
    ...(namespace && namespace !== 'default' ? ['--namespace', namespace] : []),
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ];
}
