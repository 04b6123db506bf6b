import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProductText } from '../../data/catalogue.ts';
import type { BenchCatalogue } from '../catalogue.ts';

/** A multipart body of /predict; `place` is where its number of DIGITS digits stands. */
export interface Body {
  readonly bytes: Uint8Array;
  readonly place: number;
}

const BOUNDARY = 'a-boundary-of-the-benchmark-7c1f';
const DIGITS = 10;

export const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** So many products of a catalogue that have a picture, as bodies. */
export async function catalogueBodies({ directory, rows }: BenchCatalogue, most: number): Promise<Body[]> {
  const pictured = rows.filter(({ picture }) => picture !== null).slice(0, most);
  return Promise.all(
    pictured.map(async (row) => productBody(row, await readFile(join(directory, row.picture?.file ?? '')))),
  );
}

/** Its number is in the designation; the original reads letters of the description only. */
export function productBody({ designation, description }: ProductText, picture: Uint8Array): Body {
  const fields = {
    product_identifier: '1',
    description: description || designation,
    product_id: '1',
    imageid: '1',
  };
  const head = Object.entries(fields).map(([name, value]) => part(name, value));
  const before = Buffer.from(
    `${head.join('')}${part('designation', `${designation} ${'0'.repeat(DIGITS)}`)}`,
  );
  const place = before.length - '\r\n'.length - DIGITS;
  const image = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n`;
  const bytes = Buffer.concat([before, Buffer.from(image), picture, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
  return { bytes, place };
}

function part(name: string, value: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
}

/** The same product, but another body. */
export function numbered({ bytes, place }: Body, number: number): Buffer {
  const body = Buffer.from(bytes);
  body.write(String(number % 10 ** DIGITS).padStart(DIGITS, '0'), place, 'latin1');
  return body;
}
