import { createHash, randomUUID } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { EtiquetteError } from '../../errors.ts';
import type { PredictProduct } from '../../models/runtime/jobs.ts';
import type { Prediction } from '../../models/serving/lane.ts';
import type { Guard } from '../authentication.ts';
import { unlessClientGone } from '../client-gone.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { bodyOfAtMost } from '../limits.ts';
import { productSchema, readProduct, TEXT_BYTES } from '../product-form.ts';
import { errorAnswer } from '../schemas.ts';

const predict = createRoute({
  method: 'post',
  path: '/predict',
  summary: 'The type code of a product',
  security: [{ token: [] }],
  request: {
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: productSchema,
        },
      },
    },
  },
  responses: {
    200: {
      description: 'The most probable type code',
      content: {
        'application/json': {
          schema: z.object({
            predictions: z
              .array(
                z.object({
                  label: z.string().openapi({ example: '2583', description: 'The type code' }),
                  confidence: z.number(),
                  prediction: z
                    .number()
                    .int()
                    .openapi({ description: "The code's place in the bundle's labels" }),
                }),
              )
              .length(1),
            message: z.literal('Prediction successful'),
            prediction_id: z.uuid(),
            bundle_version: z.string(),
          }),
        },
      },
    },
    400: errorAnswer('No boundary in the content type'),
    401: errorAnswer('No token, or not a valid one'),
    403: errorAnswer('A role without this right'),
    413: errorAnswer('Body, field or picture too large'),
    415: errorAnswer('Not multipart/form-data, or not a picture'),
    422: errorAnswer('A field is missing, or the picture cannot be read'),
    429: errorAnswer('Too many requests'),
    503: errorAnswer('No bundle yet, or too busy; see Retry-After'),
  },
});

export function predictRoutes(
  app: Api,
  { config, inference, predictions, metrics, log, now }: ApiDependencies,
  guard: Guard,
): void {
  /** Bodies being read: they take memory before the inference queue's limit sees them. */
  let reading = 0;

  async function receive(request: Request): Promise<PredictProduct> {
    if (reading >= config.MAX_QUEUE || inference.waiting >= config.MAX_QUEUE) throw busy();
    reading += 1;
    try {
      return await readProduct(request, config.MAX_PICTURE_BYTES);
    } finally {
      reading -= 1;
    }
  }

  app.openAPIRegistry.registerPath(predict);
  app.post(
    predict.path,
    ...guard('predict', config.PREDICT_PER_MINUTE),
    bodyOfAtMost(config.MAX_PICTURE_BYTES + TEXT_BYTES),
    async (c) => {
      const product = await receive(c.req.raw);
      const { signal } = c.req.raw;
      const prediction = await unlessClientGone(
        signal,
        inference.predict(product, { signal, draw: drawOf(c.get('requestId')) }),
      );
      const best = mostProbable(prediction);
      const id = randomUUID();
      metrics.prediction(best.label, prediction.version, best.confidence);
      const { label, confidence } = best;
      const record = {
        id,
        at: now().toISOString(),
        bundle: prediction.version,
        code: Number(label),
        confidence,
      };
      await predictions.record(record).catch((error: unknown) => {
        // The answer is right all the same: whoever asked must not suffer from a full disk.
        log.error({ err: error, predictionId: id }, 'a prediction could not be recorded');
      });
      return c.json({
        predictions: [best],
        message: 'Prediction successful',
        prediction_id: id,
        bundle_version: prediction.version,
      });
    },
  );
}

/** 0..1, the same for the same request id: which requests a bundle on trial gets. */
function drawOf(requestId: string): number {
  return createHash('sha256').update(requestId).digest().readUInt32BE() / 2 ** 32;
}

function mostProbable({ probabilities, labels }: Prediction) {
  const confidence = Math.max(...probabilities);
  const column = probabilities.indexOf(confidence);
  if (column < 0) throw new Error('the bundle answered with something that is no probability');
  return { label: String(labels[column]), confidence, prediction: column };
}

function busy(): EtiquetteError {
  return new EtiquetteError(
    'SERVING_BUSY',
    'Too many predictions are waiting already. Try again in a moment.',
    {
      retryable: true,
    },
  );
}
