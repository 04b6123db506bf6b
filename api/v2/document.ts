import { createRoute, z } from '@hono/zod-openapi';
import { inferRequest, inferResponse } from './tensors.ts';

/** The one model there is: whichever bundle is champion. */
export const MODEL = 'etiquette';

const failure = (description: string) => ({
  description,
  content: {
    'application/json': {
      schema: z.object({ error: z.string(), code: z.string() }).openapi('InferError'),
    },
  },
});
const answer = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { 'application/json': { schema } },
});
const name = z.string().openapi({ example: MODEL, description: `"${MODEL}"` });
const params = z.object({ name });
const versionedParams = params.extend({
  version: z.string().openapi({ description: 'The bundle that serves' }),
});

/** With and without a version. */
export const PATHS = ['/v2/models/{name}', '/v2/models/{name}/versions/{version}'] as const;
type Path = (typeof PATHS)[number];
const paramsOf = (path: Path) => (path === PATHS[0] ? params : versionedParams);

const tensor = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });
const refusals = {
  401: failure('No token, or not a valid one'),
  403: failure('A role without this right'),
  404: failure('Another model, or a version that does not serve'),
  429: failure('Too many requests'),
  503: failure('No bundle yet, or too busy; see Retry-After'),
};

const health = { live: z.boolean(), ready: z.boolean() };
export const live = createRoute({
  method: 'get',
  path: '/v2/health/live',
  summary: 'Open Inference Protocol: does the server run?',
  responses: { 200: answer('It runs', z.object({ live: health.live })) },
});
export const ready = createRoute({
  method: 'get',
  path: '/v2/health/ready',
  summary: 'Open Inference Protocol: can the server predict?',
  responses: {
    200: answer('It can', z.object(health)),
    503: answer('No bundle is loaded', z.object(health)),
  },
});
export const server = createRoute({
  method: 'get',
  path: '/v2',
  summary: 'Open Inference Protocol: the server',
  responses: {
    200: answer(
      'Name and version',
      z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
    ),
  },
});
const readiness = answer('Whether it can predict', z.object({ name: z.string(), ready: z.boolean() }));
export const modelReady = (path: Path) =>
  createRoute({
    method: 'get',
    path: `${path}/ready`,
    summary: 'Open Inference Protocol: can the model predict?',
    request: { params: paramsOf(path) },
    responses: { 200: readiness, 404: refusals[404], 503: readiness },
  });
export const metadata = (path: Path) =>
  createRoute({
    method: 'get',
    path,
    summary: 'Open Inference Protocol: the model’s tensors',
    request: { params: paramsOf(path) },
    security: [{ token: [] }],
    responses: {
      200: answer(
        'Inputs and outputs; -1 is the number of rows',
        z.object({
          name: z.string(),
          versions: z.array(z.string()),
          platform: z.string(),
          inputs: z.array(tensor),
          outputs: z.array(tensor),
        }),
      ),
      ...refusals,
    },
  });
const inferBody = { required: true, content: { 'application/json': { schema: inferRequest } } };
export const infer = (path: Path) =>
  createRoute({
    method: 'post',
    path: `${path}/infer`,
    summary: 'Open Inference Protocol: the type codes of up to 32 products',
    request: { params: paramsOf(path), body: inferBody },
    security: [{ token: [] }],
    responses: {
      200: answer('The tensors that were asked for, or all', inferResponse),
      ...refusals,
      413: failure('Body or picture too large'),
      415: failure('Not JSON, or not a picture'),
      422: failure('A tensor is wrong, or a picture cannot be read'),
    },
  });
