import { buffer } from 'node:stream/consumers';
import { openPromise, type ZipFile } from 'yauzl';
import { EtiquetteError, isEtiquetteError } from '../../errors.ts';

/** An array of numpy's, row-major. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint8Array | Int8Array;
}

const TYPES = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '|u1': Uint8Array,
  '|i1': Int8Array,
} as const;
const MAGIC = '\x93NUMPY';
const MOST_BYTES = 1024 ** 3;

/**
 * Reads numpy's .npz (a zip of .npy files), names without `.npy`.
 * @throws EtiquetteError ENCODER_FILE_INVALID, also for numbers other than float32, float64, uint8, int8.
 */
export async function readNpz(file: string): Promise<Readonly<Record<string, NpyArray>>> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(file, { lazyEntries: true, autoClose: false });
    const arrays: Record<string, NpyArray> = {};
    let bytes = 0;
    for await (const entry of zip.eachEntry()) {
      bytes += entry.uncompressedSize;
      if (bytes > MOST_BYTES) throw new Error(`it unpacks to more than ${MOST_BYTES} bytes`);
      const content = await buffer(await zip.openReadStreamPromise(entry));
      arrays[entry.fileName.replace(/\.npy$/, '')] = parseNpy(content);
    }
    return arrays;
  } catch (cause) {
    if (isEtiquetteError(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EtiquetteError(
      'ENCODER_FILE_INVALID',
      `${file} is not a readable .npz: ${reason}. Fetch the encoder again.`,
      { cause },
    );
  } finally {
    zip?.close();
  }
}

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3. */
function parseNpy(bytes: Buffer): NpyArray {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== MAGIC) throw new Error('an entry is no .npy');
  const wide = bytes[6] !== 1;
  const start = (wide ? 12 : 10) + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString('latin1', wide ? 12 : 10, start);
  const type = /'descr': '([^']*)'/.exec(header)?.[1] ?? '';
  const sides = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  const Numbers = type in TYPES ? TYPES[type as keyof typeof TYPES] : undefined;
  if (Numbers === undefined || sides === undefined || header.includes("'fortran_order': True")) {
    throw new Error(`an array's header is not understood: ${header.trim().slice(0, 100)}`);
  }
  const shape = sides
    .split(',')
    .filter((side) => side.trim() !== '')
    .map(Number);
  const size = shape.reduce((product, side) => product * side, 1);
  if (bytes.length - start !== size * Numbers.BYTES_PER_ELEMENT) throw new Error('an array is cut short');
  const data = new Numbers(size);
  new Uint8Array(data.buffer).set(bytes.subarray(start));
  return { shape, data };
}
