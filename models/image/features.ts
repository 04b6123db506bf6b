import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PictureRef } from '../../data/catalogue.ts';
import { EtiquetteError } from '../../errors.ts';
import { canonicalJson } from '../bundle/format.ts';
import { createRowReader, readHeader } from '../encoders/feature-file.ts';
import type { FeatureShard, Parameters } from '../runtime/jobs.ts';

export interface ShardPlan {
  /** Names this plan: the same pictures, encoder and finished shards give the same key. */
  readonly key: string;
  /** Finished shards that hold a picture of the list. */
  readonly ready: readonly FeatureShard[];
  /** Shards to compute; a finished one of them is `ready` in the next plan. */
  readonly missing: readonly FeatureShard[];
}

export interface PlanOptions {
  /** The folder of all features; each encoder and preprocessing has its own in it. */
  readonly directory: string;
  readonly encoder: { readonly name: string; readonly sha256: string };
  readonly parameters: Parameters;
  /** Hash of the code that computes features. */
  readonly code: string;
  /** Pictures a shard. */
  readonly shardSize?: number;
}

/** The parameters that change a picture's features. */
const PICTURE_PARAMETERS = ['size', 'mode', 'resize'];

/**
 * Which pictures still lack features, grouped into shards. Cutting is by the order of the hashes, so a run that
 * was stopped plans the same shards again, less the finished ones, and a grown catalogue plans only new ones.
 */
export async function planShards(
  pictures: readonly PictureRef[],
  { directory, encoder, parameters, code, shardSize = 128 }: PlanOptions,
): Promise<ShardPlan> {
  const relevant = Object.fromEntries(PICTURE_PARAMETERS.map((name) => [name, parameters[name]]));
  const preprocessing = hash(canonicalJson({ relevant, code })).slice(0, 8);
  const home = join(directory, `${encoder.name}-${encoder.sha256.slice(0, 12)}-${preprocessing}`);
  await mkdir(home, { recursive: true });

  const wanted = new Map(pictures.map((picture) => [picture.sha256, picture]));
  const ready: FeatureShard[] = [];
  for (const name of (await readdir(home)).filter((file) => file.endsWith('.safetensors')).sort()) {
    const file = join(home, name);
    const held = (await readHeader(file)).items.flatMap((sha256) => wanted.get(sha256) ?? []);
    for (const { sha256 } of held) wanted.delete(sha256);
    if (held.length > 0) ready.push({ file, pictures: held });
  }

  const open = [...wanted.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const missing: FeatureShard[] = [];
  for (let from = 0; from < open.length; from += shardSize) {
    const group = open.slice(from, from + shardSize);
    const name = hash(group.map(({ sha256 }) => sha256).join(' ')).slice(0, 16);
    missing.push({ file: join(home, `${name}.safetensors`), pictures: group });
  }
  const key = hash(canonicalJson({ ready, missing })).slice(0, 16);
  return { key, ready, missing };
}

/** Features by picture, read from disk when asked for. */
export interface Features {
  readonly featureSize: number;
  /** SHA-256 of the encoder's file. */
  readonly encoder: string;
  has(sha256: string): boolean;
  /** Rows for pictures in the order asked, row-major [n * featureSize]. @throws EtiquetteError FEATURES_MISSING. */
  read(pictures: readonly string[]): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens finished shards. Only which picture is where is kept in memory.
 * @throws EtiquetteError FEATURES_MISSING when a shard is not there, FEATURES_CORRUPT when one is damaged,
 * FEATURES_MIXED when they do not belong together.
 */
export async function openFeatures(shards: readonly FeatureShard[]): Promise<Features> {
  const places = new Map<string, { file: string; position: number }>();
  let featureSize = 0;
  let encoder = '';
  for (const { file } of shards) {
    const header = await readHeader(file).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        throw missing(`shard ${file}`);
      throw error;
    });
    if (encoder !== '' && (header.encoder !== encoder || header.featureSize !== featureSize)) {
      throw new EtiquetteError(
        'FEATURES_MIXED',
        `${file} comes from another encoder than the shards before it. Plan the features again.`,
      );
    }
    ({ encoder, featureSize } = header);
    const rowBytes = featureSize * Float32Array.BYTES_PER_ELEMENT;
    header.items.forEach((sha256, row) => {
      places.set(sha256, { file, position: header.bytes + row * rowBytes });
    });
  }
  const reader = createRowReader();
  return {
    featureSize,
    encoder,
    has: (sha256) => places.has(sha256),
    async read(pictures) {
      const rows = new Float32Array(pictures.length * featureSize);
      pictures.forEach((sha256, index) => {
        const place = places.get(sha256);
        if (place === undefined) throw missing(`picture ${sha256}`);
        reader.read(
          place.file,
          place.position,
          rows.subarray(index * featureSize, (index + 1) * featureSize),
        );
      });
      return rows;
    },
    close: async () => reader.close(),
  };
}

function missing(what: string): EtiquetteError {
  return new EtiquetteError(
    'FEATURES_MISSING',
    `There are no features of ${what}. Plan and compute them first.`,
  );
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
