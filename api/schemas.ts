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
