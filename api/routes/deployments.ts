import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { EtiquetteError } from '../../errors.ts';
import { bearerToken } from '../authentication.ts';
import type { Api, ApiDependencies, ApiEnvironment } from '../environment.ts';
import { fieldsInvalid } from '../errors.ts';
import { bodyOfAtMost } from '../limits.ts';

const BODY_BYTES = 4 * 1024;
const request = z.object({ version: z.string() });

/**
 * POST /internal/deployments: the pipeline's way to make this process load a bundle and switch to it. It
 * answers when the bundle serves (up to a minute), or with why it does not. Not in the OpenAPI document.
 */
export function deploymentRoutes(app: Api, { config, inference }: ApiDependencies): void {
  app.post(
    '/internal/deployments',
    (c, next) => {
      authorize(c, config.DEPLOY_TOKEN);
      return next();
    },
    bodyOfAtMost(BODY_BYTES),
    async (c) => {
      const { version } = await readRequest(c);
      const start = performance.now();
      const { replaced } = await inference.deploy(version);
      return c.json({ version, replaced, seconds: (performance.now() - start) / 1000 });
    },
  );
}

function authorize(c: Context<ApiEnvironment>, secret: string | undefined): void {
  // Without a secret the route does not exist, for anybody.
  if (secret === undefined) throw new EtiquetteError('NOT_FOUND', 'Not Found');
  const given = bearerToken(c);
  if (given === undefined || !timingSafeEqual(digest(given), digest(secret))) {
    throw new EtiquetteError('DEPLOY_TOKEN_INVALID', 'Send DEPLOY_TOKEN as "Authorization: Bearer".');
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest();

async function readRequest(c: Context<ApiEnvironment>): Promise<z.infer<typeof request>> {
  const body: unknown = await c.req.json().catch((cause: unknown) => {
    throw new EtiquetteError('JSON_INVALID', 'Send JSON: {"version": "..."}.', { cause });
  });
  const parsed = request.safeParse(body);
  if (parsed.success) return parsed.data;
  throw fieldsInvalid([{ loc: ['body', 'version'], msg: 'str type expected', type: 'type_error.str' }]);
}
