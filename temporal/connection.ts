import {
  Client,
  type ClientInterceptors,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import { EtiquetteError } from '../errors.ts';

export interface TemporalSettings {
  readonly TEMPORAL_ADDRESS: string;
  readonly TEMPORAL_NAMESPACE: string;
}

export interface ConnectOptions {
  /** Somebody waits for what is asked. */
  readonly hurried?: boolean;
  readonly interceptors?: ClientInterceptors;
}

/** For commands: whoever follows a run for hours sits out a restart of the server. */
const PATIENT: ConnectionOptions = { connectTimeout: '10s' };
/** For whoever has somebody waiting: that the server is away is heard within a second, or three at first. */
const HURRIED: ConnectionOptions = {
  connectTimeout: '3s',
  interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: 3 }))],
};

/** @throws EtiquetteError TEMPORAL_UNREACHABLE (retryable). */
export async function connectClient(
  settings: TemporalSettings,
  { hurried = false, interceptors = {} }: ConnectOptions = {},
): Promise<Client> {
  const address = settings.TEMPORAL_ADDRESS;
  try {
    const connection = await Connection.connect({ address, ...(hurried ? HURRIED : PATIENT) });
    return new Client({ connection, namespace: settings.TEMPORAL_NAMESPACE, interceptors });
  } catch (cause) {
    throw new EtiquetteError(
      'TEMPORAL_UNREACHABLE',
      `No Temporal server answers at ${address}. Is "npm start" running? Another server: set TEMPORAL_ADDRESS.`,
      { retryable: true, cause },
    );
  }
}
