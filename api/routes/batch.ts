import { createRoute, z } from '@hono/zod-openapi';
import { EtiquetteError } from '../../errors.ts';
import { noModel } from '../../models/serving/errors.ts';
import { asJson, drawOf } from '../answering.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { inOrder, type Weighed } from '../in-order.ts';
import { itemError } from '../item.ts';
import { checked, parseJson } from '../json.ts';
import { type Line, readLines } from '../lines.ts';
import { asked, lineSchema, productBytes } from '../product-json.ts';
import { predictionErrors } from '../schemas.ts';
import { askPatiently, type Predicting, shareOf } from '../several.ts';

/** Products in one stream. */
export const MAX_LINES = 10_000;
/** Streams at a time: each has its share of the queue, and half of it stays for single products. */
const STREAMS = 4;
const STREAMS_OF_A_USER = 2;
const NDJSON = /^application\/(x-ndjson|jsonl|jsonlines)\s*(;|$)/i;

const batch = createRoute({
  method: 'post',
  path: '/predict/batch',
  summary: 'The type codes of many products, as a stream',
  description:
    'A Product a line, with an `id` if you like; a line of answer for each, in the same order, as soon as it is there: ' +
    '`{"id", "predictions", "prediction_id", "bundle_version"}` or `{"id", "error": {"code", "detail"}}`. The last line is ' +
    '`{"summary": {"products", "failed", "complete"}}`; a stream without it broke off.',
  security: [{ token: [] }],
  request: {
    body: { required: true, content: { 'application/x-ndjson': { schema: z.string() } } },
  },
  responses: {
    200: {
      description: 'A line for each product, and a summary',
      content: { 'application/x-ndjson': { schema: z.string() } },
    },
    ...predictionErrors,
  },
});

interface Asked {
  readonly signal: AbortSignal;
  readonly user: string;
  readonly requestId: string;
}

interface Place {
  readonly line: Line;
  readonly index: number;
}

export function batchRoutes(
  app: Api,
  { config, inference, log, stopping }: ApiDependencies,
  { guard, ask }: Pick<Predicting, 'guard' | 'ask'>,
): void {
  const pictureBytes = config.MAX_PICTURE_BYTES;
  const lineBytes = productBytes(pictureBytes);
  // A line with a large picture is alone: it is in memory as text, as JSON and as bytes.
  const window = { most: shareOf(config.MAX_QUEUE), weight: lineBytes / 4 };
  /** Whose streams go on. */
  const streams: string[] = [];

  app.openAPIRegistry.registerPath(batch);
  app.post(batch.path, ...guard('predict', config.PREDICT_PER_MINUTE), (c) => {
    if (!NDJSON.test(c.req.header('content-type') ?? '')) {
      throw new EtiquetteError(
        'CONTENT_TYPE_UNSUPPORTED',
        'Send application/x-ndjson: a JSON product a line.',
      );
    }
    const user = c.get('user')?.username ?? '';
    const own = streams.filter((one) => one === user).length;
    if (streams.length >= STREAMS || own >= STREAMS_OF_A_USER) throw tooManyStreams();
    if (!inference.current()) throw noModel();
    const gone = new AbortController();
    const signal = AbortSignal.any([c.req.raw.signal, gone.signal]);
    const answers = answer(c.req.raw.body, { signal, user, requestId: c.get('requestId') });
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await answers.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
      },
      async cancel() {
        gone.abort();
        await answers.return(undefined);
      },
    });
    return c.body(body, 200, { 'Content-Type': 'application/x-ndjson', 'Transfer-Encoding': 'chunked' });
  });

  async function* answer(body: ReadableStream<Uint8Array> | null, { signal, user, requestId }: Asked) {
    const start = performance.now();
    let products = 0;
    let failed = 0;
    let complete = true;
    const reading = AbortSignal.any([signal, stopping]);

    async function* places(): AsyncGenerator<Weighed<Place>> {
      let index = 0;
      if (!body) return;
      for await (const line of readLines(body, { lineBytes, signal: reading })) {
        if (index >= MAX_LINES) {
          complete = false;
          return;
        }
        yield { input: { line, index }, weight: line?.length ?? 0 };
        index += 1;
      }
      complete = !reading.aborted;
    }

    /** What it needs of the line it takes before it waits: the bytes are the next line's then. */
    async function one({ line, index }: Place) {
      let id: string | number | undefined;
      try {
        if (!line) throw lineTooLarge(lineBytes);
        const body = parseJson(line);
        id = idOf(body);
        const { product, topK } = asked(checked(lineSchema, body), pictureBytes);
        const draw = drawOf(`${requestId}/${index}`);
        return { id, ...asJson(await askPatiently(ask, product, { signal, draw }), topK) };
      } catch (error) {
        return { id, ...itemError(error, log, requestId) };
      }
    }

    streams.push(user);
    try {
      for await (const result of inOrder(places(), window, one)) {
        products += 1;
        if ('error' in result) failed += 1;
        yield result;
      }
      yield { summary: { products, failed, complete } };
    } finally {
      streams.splice(streams.indexOf(user), 1);
      const ms = Math.round(performance.now() - start);
      log.info({ requestId, products, failed, complete, gone: signal.aborted, ms }, 'batch');
    }
  }
}

/** Told even where the rest of the line is wrong, if it is one. */
function idOf(body: unknown): string | number | undefined {
  return lineSchema.pick({ id: true }).loose().safeParse(body).data?.id;
}

function lineTooLarge(bytes: number): EtiquetteError {
  return new EtiquetteError(
    'LINE_TOO_LARGE',
    `The line has more than ${bytes} bytes. Send a smaller picture.`,
  );
}

function tooManyStreams(): EtiquetteError {
  return new EtiquetteError(
    'SERVING_BUSY',
    `${STREAMS} streams go on, or ${STREAMS_OF_A_USER} of yours. Try again when one has ended.`,
    { retryable: true },
  );
}
