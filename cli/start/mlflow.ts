import { join } from 'node:path';
import { mlflowServer } from '../setup/mlflow.mjs';

/** The command line of the local MLflow server, or null when it is not installed. */
export function mlflowArguments(options: {
  port: number;
  /** Holds mlflow.db and the artifacts. */
  directory: string;
}): [string, ...string[]] | null {
  const command = mlflowServer();
  if (!command) return null;
  return [
    ...command,
    'server',
    ...['--host', '127.0.0.1', '--port', `${options.port}`, '--workers', '1'],
    ...['--backend-store-uri', `sqlite:///${join(options.directory, 'mlflow.db')}`],
    ...['--artifacts-destination', join(options.directory, 'artifacts'), '--serve-artifacts'],
  ];
}

/** Without a second process of 230 MB for jobs that nobody asks for, and without news of its use. */
export const mlflowEnvironment = {
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  MLFLOW_DISABLE_TELEMETRY: 'true',
};
