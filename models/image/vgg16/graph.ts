import type { OnnxModel, OnnxNode, OnnxTensor } from '../../onnx/write.ts';
import type { Arrays, NamedArray } from '../../runtime/safetensors.ts';
import { CONVOLUTIONS, checkConvolutions, STRIDE } from './architecture.ts';

export const INPUT = 'pixels';
export const OUTPUT = 'features';

/**
 * The convolutions as an ONNX graph: `pixels` [1, size, size, 3] as `decodePicture` gives them -> `features`
 * [1, n], flattened as Keras does (height, width, channel). A convolution's result after its ReLU has the
 * convolution's name.
 * @param factors what each channel of the last convolution is multiplied by at the end; none: it stays as it is
 * @throws EtiquetteError ENCODER_FILE_INVALID
 */
export function vgg16Graph(weights: Arrays, size: number, factors?: Float32Array): OnnxModel {
  const channels = checkConvolutions(weights);
  const constants: Record<string, OnnxTensor> = {};
  const nodes: OnnxNode[] = [];
  let at = INPUT;
  const add = (
    op: string,
    output: string,
    constant: readonly string[],
    attributes?: OnnxNode['attributes'],
  ) => {
    nodes.push({ op, inputs: [at, ...constant], outputs: [output], ...(attributes && { attributes }) });
    at = output;
  };
  add('Transpose', 'planes', [], { perm: [0, 3, 1, 2] });
  for (const { name, pooled } of CONVOLUTIONS) {
    const [kernel, bias] = [`${name}/kernel`, `${name}/bias`];
    constants[kernel] = outputsFirst(weights[kernel] as NamedArray);
    constants[bias] = { type: 'float', ...(weights[bias] as NamedArray) };
    add('Conv', `${name}/linear`, [kernel, bias], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    add('Relu', name, []);
    if (pooled) add('MaxPool', pooledOf(name), [], { kernel_shape: [2, 2], strides: [2, 2] });
  }
  if (factors) {
    constants.factors = { type: 'float', shape: [1, channels, 1, 1], data: factors };
    add('Mul', 'multiplied', ['factors']);
  }
  add('Transpose', 'positions', [], { perm: [0, 2, 3, 1] });
  add('Flatten', OUTPUT, []);
  const features = channels * Math.trunc(size / STRIDE) ** 2;
  return {
    name: 'vgg16',
    inputs: [{ name: INPUT, type: 'float', shape: [1, size, size, 3] }],
    outputs: [{ name: OUTPUT, type: 'float', shape: [1, features] }],
    constants,
    nodes,
  };
}

/** The name of a convolution's result after its pooling. */
export const pooledOf = (name: string) => `${name}/pooled`;

/** Keras' [height, width, in, out] -> ONNX' [out, in, height, width]. */
function outputsFirst({ shape, data }: NamedArray): OnnxTensor {
  const [height = 0, width = 0, inputs = 0, outputs = 0] = shape;
  const area = height * width;
  const turned = new Float32Array(data.length);
  for (let place = 0; place < area; place++) {
    for (let input = 0; input < inputs; input++) {
      const from = (place * inputs + input) * outputs;
      for (let output = 0; output < outputs; output++) {
        turned[(output * inputs + input) * area + place] = data[from + output] as number;
      }
    }
  }
  return { type: 'float', shape: [outputs, inputs, height, width], data: turned };
}
