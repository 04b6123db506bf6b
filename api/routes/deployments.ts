import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { EtiquetteError } from '../../errors.ts';
import { bearerToken } from '../authentication.ts';
import type { Api, ApiDependencies, ApiEnvironment } from '../environment.ts';
import { fieldsInvalid } from '../errors.ts';
import { bodyOfAtMost } from '../limits.ts';
import { isSecret } from '../secrets.ts';

const BODY_BYTES = 4 * 1024;

const deployment = z.object({
  version: z.string(),
  /**
   * Several API processes switch in two steps: all are prepared before the first is activated. Without a step
   * both are done.
   */
  step: z.enum(['prepare', 'activate']).optional(),
});

const trial = z.object({
  version: z.string(),
  kind: z.enum(['shadow', 'canary']),
  share: z.number().gt(0).max(1),
  seconds: z
    .number()
    .positive()
    .max(7 * 24 * 3600),
});

/**
 * The pipeline's way to make this process load a bundle and switch to it, or try it on a share of the requests.
 * Each answers when it is done (up to a minute), or with why it is not. Not in the OpenAPI document.
 */
export function deploymentRoutes(app: Api, { config, inference }: ApiDependencies): void {
  for (const path of ['/internal/deployments', '/internal/trials']) {
    app.use(path, (c, next) => {
      authorize(c, config.DEPLOY_TOKEN);
      return next();
    });
    app.use(path, bodyOfAtMost(BODY_BYTES));
  }

  app.post('/internal/deployments', async (c) => {
    const { version, step } = await read(c, deployment);
    const start = performance.now();
    const replaced =
      step === 'prepare'
        ? await inference.prepare(version).then(() => null)
        : (await (step === 'activate' ? inference.activate(version) : inference.deploy(version))).replaced;
    return c.json({ version, replaced, seconds: (performance.now() - start) / 1000 });
  });

  app.post('/internal/trials', async (c) => c.json(await inference.try(await read(c, trial))));
  app.get('/internal/trials', (c) => c.json({ trial: inference.trial() }));
  app.delete('/internal/trials', async (c) => {
    await inference.endTrial();
    return c.json({ trial: null });
  });
}

function authorize(c: Context<ApiEnvironment>, secret: string | undefined): void {
  // Without a secret the routes do not exist, for anybody.
  if (secret === undefined) throw new EtiquetteError('NOT_FOUND', 'Not Found');
  if (!isSecret(bearerToken(c), secret)) {
    throw new EtiquetteError('DEPLOY_TOKEN_INVALID', 'Send DEPLOY_TOKEN as "Authorization: Bearer".');
  }
}

async function read<S extends z.ZodType>(c: Context<ApiEnvironment>, schema: S): Promise<z.output<S>> {
  const body: unknown = await c.req.json().catch((cause: unknown) => {
    throw new EtiquetteError('JSON_INVALID', 'Send JSON: {"version": "...", ...}.', { cause });
  });
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw fieldsInvalid(
    parsed.error.issues.map(({ path, message, code }) => ({
      loc: ['body', path.join('.')],
      msg: message,
      type: code,
    })),
  );
}
