import type { z } from '@hono/zod-openapi';
import type { Correction } from '../database/corrections.ts';
import type { PredictionRecord } from '../database/predictions.ts';
import type { correction } from './document.ts';

export function shownPrediction({
  id,
  at,
  bundle,
  code,
  confidence,
  inputs_hash,
  seconds,
  ...json
}: PredictionRecord) {
  const codes: Array<[number, number]> | null = JSON.parse(json.codes ?? 'null');
  return {
    ...{ id, at, bundle_version: bundle, code, confidence, inputs_hash, seconds },
    codes: codes?.map(([code, confidence]) => ({ code, confidence })) ?? null,
    features: JSON.parse(json.features ?? 'null'),
  };
}

function fieldsOf({ id, at, prediction, bundle, predicted, code, note, by, inputs_hash }: Correction) {
  return {
    ...{ id, at, prediction_id: prediction, bundle_version: bundle },
    ...{ predicted, code, confirmed: code === predicted, note, by, inputs_hash },
  };
}

export function shown(one: Correction): z.output<typeof correction> {
  return { ...fieldsOf(one), designation: one.designation, has_picture: one.hasPicture };
}

export function shownEnded(one: Correction) {
  const { ended, ended_at, ended_by } = one;
  return { ...fieldsOf(one), ended, ended_at, ended_by };
}
