import { z } from '@hono/zod-openapi';

/** Shapes that several routes show in the OpenAPI document. */
export const errorSchema = z
  .object({
    detail: z.union([
      z.string(),
      z.array(z.object({ loc: z.array(z.string()), msg: z.string(), type: z.string() })),
    ]),
    code: z.string().openapi({ example: 'FIELDS_INVALID', description: 'Stable; see docs/errors.md.' }),
  })
  .openapi('Error');

/** An error answer for a route's `responses`. */
export function errorAnswer(description: string) {
  return { description, content: { 'application/json': { schema: errorSchema } } };
}

/** What every route answers that asks the model, beside its own. */
export const predictionErrors = {
  401: errorAnswer('No token, or not a valid one'),
  403: errorAnswer('A role without this right'),
  413: errorAnswer('Body, field or picture too large'),
  415: errorAnswer('A content type that is not read here, or not a picture'),
  422: errorAnswer('A field is missing or wrong, or the picture cannot be read'),
  429: errorAnswer('Too many requests'),
  503: errorAnswer('No bundle yet, or too busy; see Retry-After'),
};

/** In the place of one product's answer among several. */
export const itemErrorSchema = z
  .object({ error: z.object({ code: z.string(), detail: errorSchema.shape.detail }) })
  .openapi('ProductError');
