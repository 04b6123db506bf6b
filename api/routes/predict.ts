import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { EtiquetteError, isEtiquetteError } from '../../errors.ts';
import { asJson, drawOf } from '../answering.ts';
import type { Api, ApiDependencies, ApiEnvironment } from '../environment.ts';
import { MULTIPART } from '../form.ts';
import { inOrder } from '../in-order.ts';
import { itemError } from '../item.ts';
import { bytesOf, checked, JSON_TYPE, parseJson } from '../json.ts';
import { bodyOfAtMost } from '../limits.ts';
import { answerSchema, formSchema, PICTURE_ENCODING, topKSchema } from '../product.ts';
import { productOf, readProductForm, topKOf } from '../product-form.ts';
import { type AskedProduct, productBytes, productOfJson, productSchema } from '../product-json.ts';
import { errorAnswer, itemErrorSchema, predictionErrors } from '../schemas.ts';
import { askPatiently, busy, each, type Predicting, shareOf } from '../several.ts';

/** The original's word. */
const SUCCESSFUL = 'Prediction successful';

/** Products in one request; more go to /predict/batch. */
export const MAX_PRODUCTS = 32;

/** What goes wrong with one product is told in its place, so each is checked by itself. */
const severalSchema = z.strictObject({
  products: z
    .array(z.looseObject({}))
    .min(1)
    .max(MAX_PRODUCTS)
    .openapi({ description: 'Each a Product; one that is wrong gets an error in its place' }),
  top_k: topKSchema.openapi({ description: 'For products without one of their own' }),
});

const severalAnswers = z
  .object({
    results: z
      .array(z.union([answerSchema, itemErrorSchema]))
      .openapi({ description: 'In the order of the products' }),
    message: z.literal(SUCCESSFUL),
  })
  .openapi('Predictions');

const predict = createRoute({
  method: 'post',
  path: '/predict',
  summary: 'The type code of a product, or of several',
  description:
    'The form is the original’s and demands all its fields. JSON may leave out the picture or the texts, and may hold ' +
    `up to ${MAX_PRODUCTS} products.`,
  security: [{ token: [] }],
  request: {
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: formSchema.extend({ top_k: topKSchema }),
          encoding: PICTURE_ENCODING,
        },
        'application/json': { schema: z.union([productSchema, severalSchema]) },
      },
    },
  },
  responses: {
    200: {
      description:
        'The most probable type codes; of several products in their order, with an error where one failed',
      content: { 'application/json': { schema: z.union([answerSchema, severalAnswers]) } },
    },
    400: errorAnswer('No boundary in the content type'),
    ...predictionErrors,
  },
});

export function predictRoutes(
  app: Api,
  { config, inference, log }: ApiDependencies,
  { guard, intake, ask }: Predicting,
): void {
  const pictureBytes = config.MAX_PICTURE_BYTES;
  const share = shareOf(config.MAX_QUEUE);

  app.openAPIRegistry.registerPath(predict);
  app.post(
    predict.path,
    ...guard('predict', config.PREDICT_PER_MINUTE),
    intake({
      bodyBytes: productBytes(pictureBytes),
      full: () => inference.waiting >= config.MAX_QUEUE,
      busy,
    }),
    bodyOfAtMost(productBytes(pictureBytes)),
    async (c) => {
      const type = c.req.header('content-type') ?? '';
      if (JSON_TYPE.test(type)) return await fromJson(c);
      if (!MULTIPART.test(type)) {
        throw new EtiquetteError(
          'CONTENT_TYPE_UNSUPPORTED',
          'Send multipart/form-data or application/json in UTF-8.',
        );
      }
      const form = await readProductForm(c.req.raw, pictureBytes);
      return await one(c, { product: productOf(form), topK: topKOf(form) });
    },
  );

  async function fromJson(c: Context<ApiEnvironment>): Promise<Response> {
    const body = parseJson(await bytesOf(c.req.raw, productBytes(pictureBytes)));
    const many = typeof body === 'object' && body !== null && 'products' in body;
    return many
      ? await several(c, checked(severalSchema, body))
      : await one(c, productOfJson(body, pictureBytes));
  }

  async function one(c: Context<ApiEnvironment>, { product, topK }: AskedProduct): Promise<Response> {
    const draw = drawOf(c.get('requestId'));
    const answer = await ask(product, { signal: c.req.raw.signal, draw });
    c.set('predictionIds', [answer.id]);
    return c.json({ ...asJson(answer, topK), message: SUCCESSFUL });
  }

  async function several(
    c: Context<ApiEnvironment>,
    body: z.output<typeof severalSchema>,
  ): Promise<Response> {
    const requestId = c.get('requestId');
    const { signal } = c.req.raw;
    const failed: unknown[] = [];
    const ids: string[] = [];
    c.set('predictionIds', ids);
    async function answer(index: number) {
      try {
        const { product, topK } = productOfJson({ top_k: body.top_k, ...body.products[index] }, pictureBytes);
        const draw = drawOf(`${requestId}/${index}`);
        const answered = await askPatiently(ask, product, { signal, draw });
        ids.push(answered.id);
        return { ...asJson(answered, topK), message: SUCCESSFUL };
      } catch (error) {
        failed.push(error);
        return itemError(error, log, requestId);
      }
    }
    const results = [];
    for await (const result of inOrder(
      each([...body.products.keys()]),
      { most: share, weight: share },
      answer,
    )) {
      results.push(result);
    }
    // Not one answer, and none is the products' own fault: the request failed, and a client may try it again.
    if (failed.length === results.length && failed.every(temporary)) throw failed[0];
    return c.json({ results, message: SUCCESSFUL });
  }
}

function temporary(error: unknown): boolean {
  return isEtiquetteError(error) && error.retryable;
}
