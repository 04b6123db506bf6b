import { join } from 'node:path';
import type { Recorded, Status } from './outbox.ts';

export interface Metric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
}

/** How a run shall look in MLflow, by everything that it has said so far. */
export interface Wanted {
  readonly tags: ReadonlyMap<string, string>;
  readonly params: ReadonlyMap<string, string>;
  /** By `key@step`. */
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly dataset: { readonly name: string; readonly digest: string; readonly source: string } | null;
  /** Local file by its path in the run's artifacts. */
  readonly artifacts: ReadonlyMap<string, string>;
  readonly bundle: { readonly version: string; readonly tags: Readonly<Record<string, string>> } | null;
  readonly end: { readonly status: Status; readonly at: number } | null;
}

/** Bounds that every MLflow server accepts; the newest ones take more. */
const MOST_PARAM = 500;
const MOST_TAG = 5000;

export const metricId = (key: string, step: number) => `${key}@${step}`;

export function wantedOf(records: readonly Recorded[]): Wanted {
  const tags = new Map<string, string>();
  const params = new Map<string, string>();
  const metrics = new Map<string, Metric>();
  const artifacts = new Map<string, string>();
  let dataset: Wanted['dataset'] = null;
  let bundle: Wanted['bundle'] = null;
  let end: Wanted['end'] = null;
  for (const record of records) {
    switch (record.say) {
      case 'tags':
        for (const [name, value] of Object.entries(record.tags)) tags.set(name, value.slice(0, MOST_TAG));
        break;
      case 'params':
        for (const [name, value] of Object.entries(record.params)) {
          if (!params.has(name)) params.set(name, textOf(value).slice(0, MOST_PARAM));
        }
        break;
      case 'metrics':
        for (const [key, value] of Object.entries(record.metrics)) {
          const id = metricId(key, record.step);
          // A loss that is no number (null in the file) is none that MLflow takes.
          if (Number.isFinite(value) && !metrics.has(id))
            metrics.set(id, { key, value, step: record.step, timestamp: record.at });
        }
        break;
      case 'dataset':
        dataset ??= { name: record.name, digest: record.digest, source: record.source };
        break;
      case 'artifacts':
        for (const file of record.files) {
          artifacts.set(record.to === '' ? file : `${record.to}/${file}`, join(record.from, file));
        }
        break;
      case 'bundle':
        bundle = { version: record.version, tags: record.tags };
        break;
      case 'end':
        end ??= { status: record.status, at: record.endedAt };
        break;
    }
  }
  return { tags, params, metrics, dataset, artifacts, bundle, end };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
