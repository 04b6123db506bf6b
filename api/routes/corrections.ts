import { inputsHash } from '../../data/inputs-hash.ts';
import { EtiquetteError } from '../../errors.ts';
import { audit } from '../audit.ts';
import { cursorOf, placeOf } from '../corrections/cursor.ts';
import { correct, list, page, show, withdraw } from '../corrections/document.ts';
import { readCorrection, requireSame } from '../corrections/request.ts';
import { shown, shownEnded, shownPrediction } from '../corrections/shown.ts';
import type { PredictionRecord } from '../database/predictions.ts';
import type { Api, ApiDependencies } from '../environment.ts';
import { checked } from '../json.ts';
import { bodyOfAtMost } from '../limits.ts';
import { productBytes } from '../product-json.ts';
import { busy, type Predicting } from '../several.ts';

/** People's answers to predictions, for operators. */
export function correctionRoutes(
  app: Api,
  { config, predictions, corrections, metrics, log, now }: ApiDependencies,
  { guard, intake }: Pick<Predicting, 'guard' | 'intake'>,
): void {
  const pictureBytes = config.MAX_PICTURE_BYTES;
  const bodyBytes = productBytes(pictureBytes);
  const operators = guard('operate', config.STATUS_PER_MINUTE);
  for (const route of [correct, withdraw, show, list]) app.openAPIRegistry.registerPath(route);

  app.post(
    '/predictions/:id/correction',
    ...guard('operate', config.PREDICT_PER_MINUTE),
    intake({ bodyBytes, full: () => false, busy }),
    bodyOfAtMost(bodyBytes),
    async (c) => {
      const { product, code, note } = await readCorrection(c, pictureBytes);
      const predicted = await found(c.req.param('id'));
      const hash = inputsHash(product);
      requireSame(predicted, hash);
      const put = await corrections.put({
        ...product,
        ...{ prediction: predicted, inputsHash: hash, code, note },
        ...{ by: c.get('user')?.username ?? '', at: now().toISOString() },
      });
      if (!put) throw unknownPrediction(predicted.id);
      const { correction, isNew } = put;
      if (isNew) {
        metrics.correction(code, code === predicted.code);
        audit(log, c, 'correction.put', { correction: correction.id, prediction: predicted.id, code });
      }
      return c.json(shown(correction), isNew ? 201 : 200);
    },
  );

  app.delete('/predictions/:id/correction', ...operators, async (c) => {
    const id = c.req.param('id');
    const ended = await corrections.withdraw(id, c.get('user')?.username ?? '', now().toISOString());
    if (!ended) throw unknownCorrection(id);
    audit(log, c, 'correction.withdraw', { correction: ended.id, prediction: id, code: ended.code });
    return c.body(null, 204);
  });

  app.get('/predictions/:id', ...operators, async (c) => {
    const record = await found(c.req.param('id'));
    const [live, ended] = await Promise.all([corrections.find(record.id), corrections.ended(record.id)]);
    return c.json({
      ...shownPrediction(record),
      correction: live && shown(live),
      earlier_corrections: ended.map(shownEnded),
    });
  });

  app.get(list.path, ...operators, async (c) => {
    const { limit, cursor } = checked(page, c.req.query(), 'query');
    const after = cursor === undefined ? null : placeOf(cursor);
    const [found, counted] = await Promise.all([corrections.list({ limit, after }), corrections.count()]);
    return c.json({
      ...counted,
      corrections: found.corrections.map(shown),
      next: found.next && cursorOf(found.next),
    });
  });

  async function found(id: string): Promise<PredictionRecord> {
    const record = await predictions.find(id);
    if (!record) throw unknownPrediction(id);
    return record;
  }
}

function unknownPrediction(id: string): EtiquetteError {
  return new EtiquetteError(
    'PREDICTION_UNKNOWN',
    `There is no prediction "${id.slice(0, 60)}" on record; they are forgotten after PREDICTIONS_DAYS.`,
  );
}

function unknownCorrection(id: string): EtiquetteError {
  return new EtiquetteError(
    'CORRECTION_UNKNOWN',
    `No correction of the prediction "${id.slice(0, 60)}" counts.`,
  );
}
