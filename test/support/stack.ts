import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { freePort, type Server, startEntry, startTemporal } from './servers.ts';

/** A whole installation in one folder, on ports of its own: real server, real workers, real API. */
export interface Stack {
  readonly directory: string;
  readonly env: Record<string, string>;
  readonly client: Client;
  readonly apiUrl: string;
  readonly queue: string;
  temporal: Server;
  readonly servers: Map<string, Server>;
  start(entry: Entry): Promise<Server>;
  restartTemporal(): Promise<void>;
  close(): Promise<void>;
}

export const ENTRIES = {
  pipeline: 'workers/pipeline.ts',
  training: 'workers/training.ts',
  api: 'api/main.ts',
} as const;
export type Entry = keyof typeof ENTRIES;

export async function startStack(
  directory: string,
  entries: readonly Entry[],
  more: Record<string, string> = {},
): Promise<Stack> {
  await mkdir(directory, { recursive: true });
  const [port, uiPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const address = `127.0.0.1:${port}`;
  const env = {
    VAR_DIR: join(directory, 'var'),
    LOG_LEVEL: 'debug',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_UI_PORT: `${uiPort}`,
    API_PORT: `${apiPort}`,
    API_URL: `http://127.0.0.1:${apiPort}`,
    SECRET_KEY: 'a-secret-key-for-tests-only-0123456789',
    DEPLOY_TOKEN: 'a-deploy-token-for-tests-only-0123456789',
    TEST_USER: 'tester',
    TEST_USER_PASSWORD: 'correct horse battery',
    PREDICT_PER_MINUTE: '0',
    STATUS_PER_MINUTE: '0',
    TOKEN_PER_MINUTE: '0',
    MLFLOW: 'off',
    DVC: 'off',
    PIPELINE_METRICS_PORT: '0',
    TRAINING_METRICS_PORT: '0',
    TEMPORAL_METRICS_PORT: '0',
    // Nothing begins by itself while a test watches.
    RETRAIN_SCHEDULE: 'off',
    WATCH_SCHEDULE: 'off',
    PRUNE_SCHEDULE: 'off',
    ...more,
  };
  const temporalOptions = {
    ...{ address, uiPort, directory: join(directory, 'temporal') },
    metricsPort: Number(env.TEMPORAL_METRICS_PORT),
  };
  const servers = new Map<string, Server>();
  let connection: Connection | undefined;
  const stack: Stack = {
    directory,
    env,
    apiUrl: env.API_URL,
    queue: 'etiquette-pipeline',
    temporal: await startTemporal(temporalOptions),
    servers,
    client: undefined as unknown as Client,
    async start(entry) {
      await servers.get(entry)?.stop();
      const server = await startEntry(ENTRIES[entry], env, join(directory, `${entry}.log`));
      servers.set(entry, server);
      return server;
    },
    async restartTemporal() {
      stack.temporal = await startTemporal(temporalOptions);
    },
    async close() {
      await connection?.close();
      await Promise.all([...servers.values()].map((server) => server.stop()));
      await stack.temporal.stop();
    },
  };
  try {
    connection = await Connection.connect({ address, connectTimeout: '30s' });
    Object.assign(stack, { client: new Client({ connection }) });
    await Promise.all(entries.map((entry) => stack.start(entry)));
    return stack;
  } catch (error) {
    await stack.close();
    throw error;
  }
}
