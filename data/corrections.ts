import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { writeAtomic } from './atomic.ts';
import {
  type CatalogueRef,
  CHALLENGE_FILES,
  type Product,
  type ProductText,
  pictureFile,
} from './catalogue.ts';
import { manifestOf } from './fetch.ts';
import { takeInventory } from './manifest.ts';
import { cataloguePicture } from './picture.ts';
import { removeWhole } from './remove.ts';
import type { TypeCode } from './type-codes.ts';

/** A product with the code that a person gave it. */
export interface CorrectedProduct extends ProductText {
  /** Names the correction. */
  readonly id: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** SHA-256 (hex) of texts and picture, as `inputsHash` makes it. */
  readonly inputsHash: string;
  /** The picture's bytes as they were sent. */
  readonly picture: Uint8Array | null;
  readonly code: TypeCode;
}

/** Corrections as a catalogue: rows for training, without a test table. */
export interface Increment {
  /** By its content: the same corrections have the same version everywhere. */
  readonly version: string;
  readonly catalogue: CatalogueRef;
  readonly rows: number;
}

/** Of both texts in UTF-8: the reader takes a million of a whole record. */
export const MOST_TEXT_BYTES = 900_000;

const WRITING = '.writing-';
const ABANDONED_MS = 24 * 3600 * 1000;
/** Of the hash: 128 bits in hex. With a word before it no real id, which is a number, can be the same. */
const ID_CHARACTERS = 32;

/**
 * Writes corrections into `<root>/<version>/` in the challenge's layout, with the catalogue's manifest beside them:
 * beside its place first, so that the folder has all of them or none. Of several for the same product the latest counts;
 * their order does not matter to a single byte. What is there already is left alone.
 * @returns null when there are none
 * @example
 * const increment = await exportCorrections(deps.corrections(), config.corrections, signal);
 * if (increment) for await (const row of readProducts(increment.catalogue, 'train')) …
 */
export async function exportCorrections(
  corrections: Iterable<CorrectedProduct> | AsyncIterable<CorrectedProduct>,
  root: string,
  signal?: AbortSignal,
): Promise<Increment | null> {
  await mkdir(root, { recursive: true });
  await sweep(root);
  const beside = await mkdtemp(join(root, WRITING));
  try {
    const rows = await writeCatalogue(corrections, beside, signal);
    if (rows === 0) return null;
    const { contentHash } = await inventory(beside, signal);
    const version = contentHash.slice(0, 16);
    const directory = join(root, version);
    return { version, catalogue: await moveTo(directory, beside, contentHash, signal), rows };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** @returns how many rows */
async function writeCatalogue(
  corrections: Iterable<CorrectedProduct> | AsyncIterable<CorrectedProduct>,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const pictures = join(directory, CHALLENGE_FILES.images);
  await mkdir(join(pictures, 'image_train'), { recursive: true });
  const latest = new Map<string, Labelled>();
  for await (const correction of corrections) {
    signal?.throwIfAborted();
    const { inputsHash, picture } = correction;
    const known = latest.get(inputsHash);
    if (known && isLater(known, correction)) continue;
    const product = productOf(correction);
    latest.set(inputsHash, { ...product, code: correction.code, at: correction.at, id: correction.id });
    // A second correction of the product has the same picture. Pictures go to the disk one by one: all would fill the memory.
    if (picture && !known) {
      const file = join(pictures, pictureFile('train', product.imageId, product.productId));
      await writeFile(file, await cataloguePicture(picture));
    }
  }
  const rows = [...latest.values()].sort((one, other) => (one.row < other.row ? -1 : 1));
  const { xTrain, yTrain } = CHALLENGE_FILES;
  await writeAtomic(join(directory, xTrain), productTable(rows));
  await writeAtomic(
    join(directory, yTrain),
    stringify([['', 'prdtypecode'], ...rows.map(({ row, code }) => [row, code])]),
  );
  return rows.length;
}

interface Labelled extends Product, Pick<CorrectedProduct, 'code' | 'at' | 'id'> {}

function productOf({ inputsHash, designation, description }: CorrectedProduct): Product {
  const id = `correction-${inputsHash.slice(0, ID_CHARACTERS)}`;
  return { row: id, productId: id, imageId: id, designation, description };
}

function isLater(
  one: Pick<CorrectedProduct, 'at' | 'id'>,
  other: Pick<CorrectedProduct, 'at' | 'id'>,
): boolean {
  return one.at === other.at ? one.id >= other.id : one.at > other.at;
}

function productTable(rows: readonly Product[]): string {
  return stringify([
    ['', 'designation', 'description', 'productid', 'imageid'],
    ...rows.map(({ row, designation, description, productId, imageId }) => [
      ...[row, readable(designation), readable(description), productId, imageId],
    ]),
  ]);
}

/** A NUL is what the reader tells other files from CSVs by. */
function readable(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}

function inventory(directory: string, signal: AbortSignal | undefined): Promise<CatalogueRef> {
  return takeInventory({ directory, files: CHALLENGE_FILES, manifest: manifestOf(directory), signal });
}

/** Removes what a killed export left, but not what another one writes. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(WRITING)) continue;
    const facts = await stat(join(root, name)).catch(() => null);
    if (facts && Date.now() - facts.mtimeMs > ABANDONED_MS) {
      await rm(join(root, name), { recursive: true, force: true });
    }
  }
}

/** Puts the new folder in its place, unless its content is there already. */
async function moveTo(
  directory: string,
  beside: string,
  contentHash: string,
  signal: AbortSignal | undefined,
): Promise<CatalogueRef> {
  if (await stat(directory).catch(() => null)) {
    const there = await inventory(directory, signal);
    if (there.contentHash === contentHash) return there;
    // Somebody changed it since.
    await removeWhole(directory);
  }
  try {
    await rename(beside, directory);
  } catch (error) {
    // Another export of the same corrections was quicker.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
  return inventory(directory, signal);
}
