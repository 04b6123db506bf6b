import { z } from '@hono/zod-openapi';

const fieldProblem = z.object({ loc: z.array(z.string()), msg: z.string(), type: z.string() });

/** Shapes that several routes show in the OpenAPI document. */
export const errorSchema = z
  .object({
    detail: z.union([z.string(), z.array(fieldProblem)]),
    code: z.string().openapi({ example: 'FIELDS_INVALID', description: 'Stable; see docs/errors.md.' }),
  })
  .openapi('Error');

/** The same error as RFC 9457 has it, for clients that accept application/problem+json. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:etiquette:error:FIELDS_INVALID' }),
    title: z.string().openapi({ example: 'Fields invalid' }),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string().openapi({ description: 'Has the request id, which the log has too.' }),
    code: errorSchema.shape.code,
    errors: z.array(fieldProblem).optional().openapi({ description: 'One for each wrong field' }),
  })
  .openapi('Problem');

/** An error answer for a route's `responses`. */
export function errorAnswer(description: string) {
  return {
    description,
    content: {
      'application/json': { schema: errorSchema },
      'application/problem+json': { schema: problemSchema },
    },
  };
}

/** An answer in JSON for a route's `responses`. */
export const jsonAnswer = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
});

/** Of every route behind the guard. */
export const secured = { security: [{ token: [] }] };

/** What the guard itself answers. */
export const guardRefusals = {
  401: errorAnswer('No token, or not a valid one'),
  403: errorAnswer('A role without this right'),
  429: errorAnswer('Too many requests'),
};

/** What every route answers that asks the model, beside its own. */
export const predictionErrors = {
  ...guardRefusals,
  413: errorAnswer('Body, field or picture too large'),
  415: errorAnswer('A content type that is not read here, or not a picture'),
  422: errorAnswer('A field is missing or wrong, or the picture cannot be read'),
  503: errorAnswer('No bundle yet, or too busy; see Retry-After'),
};

/** In the place of one product's answer among several. */
export const itemErrorSchema = z
  .object({ error: z.object({ code: z.string(), detail: errorSchema.shape.detail }) })
  .openapi('ProductError');
