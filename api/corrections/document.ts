import { createRoute, z } from '@hono/zod-openapi';
import { TYPE_CODES } from '../../data/type-codes.ts';
import { formSchema, PICTURE_ENCODING, text } from '../product.ts';
import { productMembers, READABLE_PRODUCT } from '../product-json.ts';
import { errorAnswer, guardRefusals, jsonAnswer, secured } from '../schemas.ts';

export const NOTE_CHARACTERS = 1_000;
const note = text(NOTE_CHARACTERS);
const CODE = { description: 'The type code that is right', example: 2583 };

/** The document's generator names only the first of several literals. */
const rightCode = z.literal([...TYPE_CODES]).openapi({ ...CODE, type: 'integer', enum: [...TYPE_CODES] });

const correctionForm = formSchema.extend({
  code: z.enum(TYPE_CODES.map(String)).openapi({ ...CODE, example: '2583' }),
  note: note.optional().openapi({ description: 'Why' }),
});
export const correctionBody = z
  .strictObject({ ...productMembers, code: rightCode, note: note.nullish() })
  .openapi('NewCorrection', {
    ...READABLE_PRODUCT,
    example: { designation: 'Piscine ronde', description: 'Piscine gonflable', code: 2583 },
  });

const when = z.iso.datetime();
const code = z.int().openapi({ example: 2583 });
const correctionFields = z.object({
  id: z.uuid(),
  at: when,
  prediction_id: z.uuid(),
  bundle_version: z.string(),
  predicted: code,
  code,
  confirmed: z.boolean().openapi({ description: 'The person gave the code that was predicted' }),
  note: z.string().nullable(),
  by: z.string(),
  inputs_hash: z.string().openapi({ description: 'SHA-256 of texts and picture' }),
});
export const correction = correctionFields
  .extend({
    designation: z.string().openapi({ description: 'How it begins' }),
    has_picture: z.boolean(),
  })
  .openapi('Correction');
const prediction = z
  .object({
    id: z.uuid(),
    at: when,
    bundle_version: z.string(),
    code,
    confidence: z.number(),
    inputs_hash: z.string().nullable(),
    codes: z
      .array(z.object({ code, confidence: z.number() }))
      .nullable()
      .openapi({ description: 'The five most probable' }),
    seconds: z.number().nullable().openapi({ description: 'How long the model took' }),
    features: z.record(z.string(), z.unknown()).nullable().openapi({ description: 'See docs/drift.md' }),
    correction: correction.nullable(),
    earlier_corrections: z
      .array(
        correctionFields.extend({
          ended: z.enum(['replaced', 'withdrawn']),
          ended_at: when,
          ended_by: z.string(),
        }),
      )
      .openapi({ description: 'Replaced or withdrawn, the newest first' }),
  })
  .openapi('PredictionRecord');

const params = z.object({ id: z.string().min(1).max(255).openapi({ description: 'prediction_id' }) });

export const correct = createRoute({
  method: 'post',
  path: '/predictions/{id}/correction',
  summary: 'Say which code is right: it joins the next training',
  description:
    'The product again, as it was sent to be predicted, and its code. The code that was predicted may be given too: ' +
    'then it is confirmed. The last correction of a prediction counts.',
  ...secured,
  request: {
    params,
    body: {
      required: true,
      content: {
        'multipart/form-data': { schema: correctionForm, encoding: PICTURE_ENCODING },
        'application/json': { schema: correctionBody },
      },
    },
  },
  responses: {
    200: jsonAnswer('The same was said before', correction),
    201: jsonAnswer('Kept', correction),
    400: errorAnswer('No boundary in the content type'),
    404: errorAnswer('No such prediction, or not any more'),
    409: errorAnswer('Another product than the one that was predicted'),
    413: errorAnswer('Body, field or picture too large'),
    415: errorAnswer('A content type that is not read here'),
    422: errorAnswer('A field is missing or wrong'),
    503: errorAnswer('Too busy; see Retry-After'),
    ...guardRefusals,
  },
});
export const withdraw = createRoute({
  method: 'delete',
  path: '/predictions/{id}/correction',
  summary: 'Withdraw a correction: no later training uses it',
  ...secured,
  request: { params },
  responses: {
    204: { description: 'Withdrawn' },
    404: errorAnswer('No correction of this prediction'),
    ...guardRefusals,
  },
});
export const show = createRoute({
  method: 'get',
  path: '/predictions/{id}',
  summary: 'What is on record of a prediction, with its corrections',
  ...secured,
  request: { params },
  responses: {
    200: jsonAnswer('Its product is not kept', prediction),
    404: errorAnswer('No such prediction, or not any more'),
    ...guardRefusals,
  },
});
export const page = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(200).optional().openapi({ description: '`next` of the page before' }),
});
export const list = createRoute({
  method: 'get',
  path: '/corrections',
  summary: 'Corrections that count, the newest first',
  ...secured,
  request: { query: page },
  responses: {
    200: jsonAnswer(
      '`next` is null on the last page',
      z.object({
        confirmed: z.int().openapi({ description: 'Of all, not of this page' }),
        corrected: z.int(),
        corrections: z.array(correction),
        next: z.string().nullable(),
      }),
    ),
    422: errorAnswer('A parameter is wrong, or the cursor is none'),
    ...guardRefusals,
  },
});
