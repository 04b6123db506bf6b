import type { Arrays } from '../../../../models/runtime/safetensors.ts';

/** Arrays as PyTorch before 1.6 saves a state_dict: the least of pickle that does it, written by hand. */
export function encodeStateDict(arrays: Arrays): Uint8Array {
  const entries = Object.entries(arrays);
  const storages = entries.map(([, { data }]) => {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(data.length));
    return Buffer.concat([count, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
  });
  return Buffer.concat([
    Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
    pickle(integer(1001)),
    pickle(dictionary([[text('little_endian'), '\x88']])),
    pickle(dictionary(entries.map(([name, { shape }], key) => [text(name), tensor(shape, key)]))),
    pickle(`](${entries.map((_, key) => text(String(key))).join('')}e`),
    ...storages,
  ]);
}

const pickle = (body: string) => Buffer.from(`\x80\x02${body}.`, 'latin1');
const dictionary = (pairs: string[][]) => `}(${pairs.flat().join('')}u`;
const tuple = (...items: string[]) => `(${items.join('')}t`;
const integer = (value: number) => `J${bytes(value)}`;
const text = (value: string) => `X${bytes(value.length)}${value}`;

/** torch._utils._rebuild_tensor_v2(storage, 0, shape, row-major strides, False, OrderedDict()) */
function tensor(shape: readonly number[], key: number): string {
  const size = (sides: readonly number[]) => sides.reduce((product, side) => product * side, 1);
  const strides = shape.map((_, axis) => size(shape.slice(axis + 1)));
  const kind = 'ctorch\nFloatStorage\n';
  const storage = `${tuple(text('storage'), kind, text(String(key)), text('cpu'), integer(size(shape)), 'N')}Q`;
  const hooks = 'ccollections\nOrderedDict\n)R';
  const numbers = (values: readonly number[]) => tuple(...values.map(integer));
  return `ctorch._utils\n_rebuild_tensor_v2\n${tuple(storage, integer(0), numbers(shape), numbers(strides), '\x89', hooks)}R`;
}

function bytes(value: number): string {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer.toString('latin1');
}
