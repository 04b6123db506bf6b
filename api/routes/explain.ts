import { createRoute, z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { isTypeCode, TYPE_CODE_NAMES, TYPE_CODES } from '../../data/type-codes.ts';
import { busy, type Explained, MAX_EXPLANATIONS } from '../../models/serving/explanations.ts';
import { unlessClientGone } from '../client-gone.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { fieldsInvalid } from '../errors.ts';
import type { Form } from '../form.ts';
import { bodyOfAtMost } from '../limits.ts';
import { formSchema, PICTURE_ENCODING, TEXT_BYTES } from '../product.ts';
import { productOf, readProductForm } from '../product-form.ts';
import type { FieldProblem } from '../refusal.ts';
import { errorAnswer, predictionErrors } from '../schemas.ts';
import type { Predicting } from '../several.ts';

const LANGUAGES = ['fr', 'en'] as const;
type Language = (typeof LANGUAGES)[number];

const part = {
  weight: z.number().openapi({ description: 'In the fusion, 0 to 1' }),
  confidence: z.number().openapi({ description: "The code's probability with this part alone" }),
  contribution: z.number().openapi({ description: 'Both parts sum to ln(27 * confidence)' }),
};

const explanationSchema = z
  .object({
    label: z.string().openapi({ example: '2583', description: 'The type code that is explained' }),
    name: z.string().openapi({ example: 'Piscine' }),
    confidence: z.number().openapi({ description: 'The fused probability of the code' }),
    text: z
      .object({
        method: z.enum(['weights', 'occlusion']),
        ...part,
        words: z.array(
          z.object({
            text: z.string(),
            field: z.enum(['designation', 'description']),
            start: z.number().int().openapi({ description: 'In the field as sent, UTF-16 code units' }),
            end: z.number().int(),
            contribution: z.number().openapi({ description: 'Above 0: spoke for the code' }),
          }),
        ),
        total_words: z.number().int(),
        bias: z.number().nullable(),
        others: z.number().nullable().openapi({ description: 'Sum over the words that are not listed' }),
      })
      .nullable(),
    image: z
      .object({
        method: z.literal('occlusion'),
        ...part,
        rows: z.number().int(),
        columns: z.number().int(),
        contributions: z.array(z.number()).openapi({ description: 'Row by row' }),
      })
      .nullable(),
    bundle_version: z.string(),
  })
  .openapi('Explanation');

const explain = createRoute({
  method: 'post',
  path: '/explain',
  summary: 'The words and the regions of the picture that spoke for a type code',
  security: [{ token: [] }],
  request: {
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: formSchema.extend({
            label: z
              .enum(['', ...TYPE_CODES.map(String)])
              .optional()
              .openapi({ description: 'Default, as if empty: the most probable type code' }),
            language: z
              .enum(['', ...LANGUAGES])
              .optional()
              .openapi({ description: 'Of the name; default, as if empty: fr' }),
          }),
          encoding: PICTURE_ENCODING,
        },
      },
    },
  },
  responses: {
    200: {
      description: 'What spoke for the code; as image/png the picture with its regions coloured',
      content: {
        'application/json': { schema: explanationSchema },
        'image/png': { schema: z.string().openapi({ format: 'binary' }) },
      },
    },
    400: errorAnswer('No boundary in the content type'),
    ...predictionErrors,
  },
});

export function explainRoutes(
  app: Api,
  { config, inference }: ApiDependencies,
  { guard, intake }: Pick<Predicting, 'guard' | 'intake'>,
): void {
  const bodyBytes = config.MAX_PICTURE_BYTES + TEXT_BYTES;
  app.openAPIRegistry.registerPath(explain);
  app.post(
    explain.path,
    ...guard('predict', config.PREDICT_PER_MINUTE),
    intake({
      bodyBytes,
      full: (inside) => Math.max(inside, inference.explaining) >= MAX_EXPLANATIONS,
      busy,
    }),
    bodyOfAtMost(bodyBytes),
    async (c) => {
      const heatMap =
        accepts(c, {
          header: 'Accept',
          supports: ['application/json', 'image/png'],
          default: 'application/json',
        }) === 'image/png';
      const form = await readProductForm(c.req.raw, config.MAX_PICTURE_BYTES);
      const { code, language } = optionsOf(form);
      const { signal } = c.req.raw;
      const explained = await unlessClientGone(
        signal,
        inference.explain({ product: productOf(form), code, heatMap }, { signal }),
      );
      c.header('Vary', 'Accept');
      const { heatMap: png } = explained.explanation;
      if (png) return c.body(Uint8Array.from(png), 200, { 'Content-Type': 'image/png' });
      return c.json(asJson(explained, language));
    },
  );
}

function optionsOf({ fields }: Form): { readonly code: number | null; readonly language: Language } {
  const label = fields.get('label') ?? '';
  const language = LANGUAGES.find((one) => one === (fields.get('language') || 'fr'));
  const known = label === '' || (/^\d+$/.test(label) && isTypeCode(Number(label)));
  const problems: FieldProblem[] = [];
  if (!known) {
    problems.push({ loc: ['body', 'label'], msg: 'value is not a type code', type: 'value_error' });
  }
  if (!language) {
    problems.push({ loc: ['body', 'language'], msg: 'value is not fr or en', type: 'value_error' });
  }
  if (!language || problems.length > 0) throw fieldsInvalid(problems);
  return { code: label === '' ? null : Number(label), language };
}

function asJson({ version, explanation }: Explained, language: Language) {
  const { code, confidence, text, image } = explanation;
  const { totalWords, ...words } = text ?? { totalWords: 0 };
  return {
    label: String(code),
    name: isTypeCode(code) ? TYPE_CODE_NAMES[code][language] : String(code),
    confidence,
    text: text && { ...words, total_words: totalWords },
    image,
    bundle_version: version,
  };
}
