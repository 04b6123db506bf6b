import { BufferReader, Parser } from 'pickleparser';
import { EtiquetteError } from '../../errors.ts';
import type { Arrays, NamedArray } from '../runtime/safetensors.ts';

/** The first of the five pickles: a number that tells the format, 80 bits of it, more than pickleparser takes. */
const MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const PROTOCOL = 1001;
const ELEMENT_BYTES: Readonly<Record<string, number>> = { FloatStorage: 4, LongStorage: 8 };

/** A run of numbers that tensors look into; it lies after the pickles. */
interface Storage {
  readonly type: string;
  readonly key: string;
  readonly elements: number;
}

/** What a pickled tensor says of itself: element (i, j, …) is at offset + i * stride[0] + j * stride[1] + … */
interface View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/**
 * The float32 tensors of a PyTorch state_dict (.pth of before PyTorch 1.6: five pickles, then raw numbers), each
 * made row-major. Nothing in the file is run: of all that a pickle can call, only the three names that a
 * state_dict needs are known. Counters (int64) are left out.
 * @throws EtiquetteError ENCODER_FILE_INVALID
 */
export function readPytorchFile(bytes: Uint8Array): Arrays {
  try {
    return readStateDict(bytes);
  } catch (cause) {
    throw new EtiquetteError(
      'ENCODER_FILE_INVALID',
      `This is no PyTorch state_dict in the format of before PyTorch 1.6: ${String(cause)}. ` +
        'Save it again with torch.save(model.state_dict(), file, _use_new_zipfile_serialization=False).',
      { cause },
    );
  }
}

function readStateDict(bytes: Uint8Array): Arrays {
  const reader = new BufferReader(bytes);
  const parser = new Parser({
    unpicklingTypeOfDictionary: 'Map',
    nameResolver: { resolve: resolveName },
    persistentResolver: { resolve: resolveStorage },
  });
  const next = () => parser.read<unknown>(reader);
  if (MAGIC.compare(bytes, 0, MAGIC.length) !== 0) throw new Error('it starts otherwise');
  reader.skip(MAGIC.length);
  if (next() !== PROTOCOL) throw new Error('it has another version');
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true) throw new Error('it is big-endian');
  const state = next();
  const keys = next();
  if (!(state instanceof Map) || !Array.isArray(keys)) throw new Error('it holds something else');

  const views = [...state].map(([name, view]) => [String(name), view as View] as const);
  const storages = new Map(views.map(([, { storage }]) => [storage.key, storage]));
  const numbers = new Map<string, Float32Array>();
  let at = reader.position;
  for (const key of keys) {
    const { type, elements } = storages.get(key) ?? fail(`nothing uses storage ${key}`);
    const end = at + 8 + elements * (ELEMENT_BYTES[type] ?? fail(`it holds a ${type}`));
    if (end > bytes.length) throw new Error('it is cut short');
    const count = new DataView(bytes.buffer, bytes.byteOffset + at).getBigInt64(0, true);
    if (count !== BigInt(elements)) throw new Error(`storage ${key} has another length than it says`);
    // A copy, since Float32Array must start at a multiple of 4.
    if (type === 'FloatStorage')
      numbers.set(key, new Float32Array(new Uint8Array(bytes.subarray(at + 8, end)).buffer));
    at = end;
  }
  return Object.fromEntries(
    views
      .filter(([, { storage }]) => storage.type === 'FloatStorage')
      .map(([name, view]) => [
        name,
        rowMajor(view, numbers.get(view.storage.key) ?? fail(`${name} is gone`)),
      ]),
  );
}

/** The only names that may be called. */
function resolveName(module: string, name: string): (...args: never[]) => unknown {
  if (module === 'collections' && name === 'OrderedDict') return () => new Map();
  if (module === 'torch._utils' && name === '_rebuild_tensor_v2')
    return (storage: Storage, offset: number, shape: number[], stride: number[]): View => ({
      storage,
      offset,
      shape,
      stride,
    });
  // Only a name, to be found again in `resolveStorage`; calling it gives nothing.
  if (module === 'torch' && Object.hasOwn(ELEMENT_BYTES, name))
    return Object.assign(() => null, { storageType: name });
  throw new Error(`it would call ${module}.${name}`);
}

function resolveStorage(id: unknown): Storage {
  const [, type, key, , elements] = id as ['storage', { storageType: string }, string, string, number];
  return { type: type.storageType, key, elements };
}

function rowMajor({ offset, shape, stride }: View, numbers: Float32Array): NamedArray {
  const data = new Float32Array(shape.reduce((size, side) => size * side, 1));
  let to = 0;
  const copy = (axis: number, from: number): void => {
    const side = shape[axis];
    if (side === undefined) {
      data[to++] = numbers[from] ?? fail('a tensor reaches over its storage');
      return;
    }
    for (let index = 0; index < side; index++) copy(axis + 1, from + index * (stride[axis] ?? 0));
  };
  copy(0, offset);
  return { shape, data };
}

function fail(why: string): never {
  throw new Error(why);
}
