import type { Context, MiddlewareHandler } from 'hono';
import { EtiquetteError } from '../../errors.ts';
import { noModel } from '../../models/serving/errors.ts';
import type { ServingBundle } from '../../models/serving/lane.ts';
import { type Answer, drawOf } from '../answering.ts';
import type { Api, ApiDependencies, ApiEnvironment } from '../environment.ts';
import { inOrder } from '../in-order.ts';
import { bytesOf, checked, JSON_TYPE, parseJson } from '../json.ts';
import { bodyOfAtMost } from '../limits.ts';
import { productBytes } from '../product-json.ts';
import { askPatiently, busy, each, type Predicting, shareOf } from '../several.ts';
import { infer, live, MODEL, metadata, modelReady, PATHS, ready, server } from '../v2/document.ts';
import { inferRequest, outputsOf, productsOf, tensorsOf } from '../v2/tensors.ts';

/** The Open Inference Protocol, version 2, over REST. */
export function v2Routes(
  app: Api,
  { config, inference, stopping }: ApiDependencies,
  { guard, intake, ask }: Predicting,
): void {
  const bodyBytes = productBytes(config.MAX_PICTURE_BYTES);
  const share = shareOf(config.MAX_QUEUE);

  app.use('/v2/*', asProtocolError);

  app.openAPIRegistry.registerPath(live);
  app.get(live.path, (c) => c.json({ live: true }));
  app.openAPIRegistry.registerPath(ready);
  app.get(ready.path, (c) => {
    const ready = inference.current() !== null && !stopping.aborted;
    return c.json({ live: true, ready }, ready ? 200 : 503);
  });
  app.openAPIRegistry.registerPath(server);
  app.get(server.path, (c) => c.json({ name: MODEL, version: config.RELEASE, extensions: [] }));

  const mayLook = guard('predict', config.STATUS_PER_MINUTE);
  const mayInfer = guard('predict', config.PREDICT_PER_MINUTE);
  for (const path of PATHS) {
    const template = path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.openAPIRegistry.registerPath(modelReady(path));
    app.get(`${template}/ready`, (c) => {
      const { name, version } = named(c);
      const ready = inference.current() !== null;
      if (ready) serving(version);
      return c.json({ name, ready }, ready ? 200 : 503);
    });

    app.openAPIRegistry.registerPath(metadata(path));
    app.get(template, ...mayLook, (c) => {
      const { name, version } = named(c);
      const bundle = serving(version);
      const platform = `etiquette_${bundle.family}`;
      return c.json({ name, versions: [bundle.version], platform, ...tensorsOf(bundle.labels) });
    });

    app.openAPIRegistry.registerPath(infer(path));
    app.post(
      `${template}/infer`,
      ...mayInfer,
      intake({ bodyBytes, full: () => inference.waiting >= config.MAX_QUEUE, busy }),
      bodyOfAtMost(bodyBytes),
      async (c) => c.json(await inferred(c)),
    );
  }

  async function inferred(c: Context<ApiEnvironment>) {
    const { name, version } = named(c);
    serving(version);
    if (!JSON_TYPE.test(c.req.header('content-type') ?? '')) {
      throw new EtiquetteError('CONTENT_TYPE_UNSUPPORTED', 'Send application/json in UTF-8.');
    }
    const request = checked(inferRequest, parseJson(await bytesOf(c.req.raw, bodyBytes)));
    const products = productsOf(request, config.MAX_PICTURE_BYTES);
    // One draw for all rows, so that one bundle answers them. Whoever names the champion gets no bundle on trial.
    const draw = version === undefined ? drawOf(c.get('requestId')) : 1;
    const stop = new AbortController();
    const signal = AbortSignal.any([c.req.raw.signal, stop.signal]);
    const answers: Answer[] = [];
    try {
      const window = { most: share, weight: share };
      const asked = inOrder(each(products), window, (product) =>
        askPatiently(ask, product, { signal, draw }),
      );
      for await (const answer of asked) answers.push(answer);
    } finally {
      // One row that fails fails the request: tensors have no place for an error.
      stop.abort();
    }
    const [first] = answers;
    if (!first) throw new Error('no row was answered');
    c.set(
      'predictionIds',
      answers.map(({ id }) => id),
    );
    const { version: answered } = first.prediction;
    const id = request.id === undefined ? {} : { id: request.id };
    return { model_name: name, model_version: answered, ...id, outputs: outputsOf(answers, request.outputs) };
  }

  function serving(version: string | undefined): ServingBundle {
    const bundle = inference.current();
    if (!bundle) throw noModel();
    if (version !== undefined && version !== bundle.version) {
      throw new EtiquetteError('MODEL_UNKNOWN', `The version ${bundle.version} serves, no other.`);
    }
    return bundle;
  }
}

/** @throws EtiquetteError MODEL_UNKNOWN */
function named(c: Context<ApiEnvironment>): { readonly name: string; readonly version: string | undefined } {
  const name = c.req.param('name');
  if (name !== MODEL) throw new EtiquetteError('MODEL_UNKNOWN', `The one model here is called "${MODEL}".`);
  return { name, version: c.req.param('version') };
}

/** The protocol's errors have their text as `error`; what every error here has stays beside it. */
const asProtocolError: MiddlewareHandler<ApiEnvironment> = async (c, next) => {
  await next();
  if (!c.error && c.res.status !== 404) return;
  const problem = (await c.res.json()) as { detail: unknown };
  const error = c.error?.message ?? String(problem.detail);
  const { status, headers } = c.res;
  c.res = new Response(JSON.stringify({ error, ...problem }), { status, headers });
};
