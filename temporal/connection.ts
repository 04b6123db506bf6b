import { Client, Connection } from '@temporalio/client';
import { EtiquetteError } from '../errors.ts';

export interface TemporalSettings {
  readonly TEMPORAL_ADDRESS: string;
  readonly TEMPORAL_NAMESPACE: string;
}

/** @throws EtiquetteError TEMPORAL_UNREACHABLE (retryable). */
export async function connectClient(settings: TemporalSettings, withinSeconds = 10): Promise<Client> {
  const address = settings.TEMPORAL_ADDRESS;
  try {
    const connection = await Connection.connect({ address, connectTimeout: withinSeconds * 1000 });
    return new Client({ connection, namespace: settings.TEMPORAL_NAMESPACE });
  } catch (cause) {
    throw new EtiquetteError(
      'TEMPORAL_UNREACHABLE',
      `No Temporal server answers at ${address}. Is "npm start" running? Another server: set TEMPORAL_ADDRESS.`,
      { retryable: true, cause },
    );
  }
}
