import { join } from 'node:path';
import { EtiquetteError } from '../errors.ts';
import { previousVersion, readDeployments, recordDeployment } from '../models/bundle/deployments.ts';
import { readBundle } from '../models/bundle/load.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';

export interface DeployInput {
  /** null: go back to what served before. */
  readonly version: string | null;
  readonly by: string;
  readonly reason: string;
}

const DEPLOY_SECONDS = 120;

/** Which bundle a deployment is about, before anything is touched. @throws BUNDLE_UNKNOWN, ROLLBACK_IMPOSSIBLE. */
export function createChooseBundle({ config }: ActivityDeps) {
  return function chooseBundle({ version }: { version: string | null }): Promise<{ version: string }> {
    return durable('deploy', async () => {
      const chosen = version ?? previousVersion(await readDeployments(config.deployments));
      if (chosen === null) {
        throw new EtiquetteError('ROLLBACK_IMPOSSIBLE', 'Nothing served before the present bundle.');
      }
      await readBundle(join(config.bundles, chosen));
      return { version: chosen };
    });
  };
}

/**
 * Has the API load the bundle beside the old one, check it with its golden products and switch; then records
 * it. Both are idempotent: a retry after a crash between them records what already serves.
 */
export function createDeploy({ config }: ActivityDeps) {
  return function deploy(input: DeployInput & { version: string; rollback: boolean }) {
    return durable('deploy', async ({ signal, report }) => {
      report({ fraction: 0.1, message: `the API loads ${input.version} beside the old bundle` });
      await askApi(config.API_URL, config.DEPLOY_TOKEN, input.version, signal);
      const { replaced } = await recordDeployment(config.deployments, {
        version: input.version,
        at: new Date().toISOString(),
        by: input.by,
        reason: input.reason,
        kind: input.rollback ? 'rollback' : 'deployment',
      });
      return { version: input.version, replaced, reason: input.reason };
    });
  };
}

async function askApi(
  url: string,
  token: string | undefined,
  version: string,
  signal: AbortSignal,
): Promise<void> {
  if (!token) {
    throw new EtiquetteError(
      'CONFIG_INVALID',
      'DEPLOY_TOKEN is not set: without it the API takes no bundle.',
    );
  }
  let response: Response;
  try {
    response = await fetch(`${url}/internal/deployments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ version }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEPLOY_SECONDS * 1000)]),
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new EtiquetteError(
      'API_UNREACHABLE',
      `The API at ${url} does not answer; the old bundle still serves.`,
      {
        retryable: true,
        cause,
      },
    );
  }
  if (response.ok) return;
  const { code, detail } = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  throw new EtiquetteError(
    code ?? 'DEPLOYMENT_REFUSED',
    `The API kept the old bundle: ${detail ?? `it answered ${response.status}`}`,
    { retryable: response.status === 503 || response.status === 429 },
  );
}
