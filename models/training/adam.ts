import type { Tensor } from '@tensorflow/tfjs-node';
import type { Arrays, NamedArray } from '../runtime/safetensors.ts';
import { operations, type TensorFlow } from './operations.ts';
import { createVariable, type Variable } from './variable.ts';

/** Keras' defaults. */
const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-7;

/** Everything Adam knows between two steps: stored in a checkpoint, it goes on bit by bit the same. */
export interface AdamState {
  readonly step: number;
  readonly weights: Arrays;
  /** Moving averages of the gradients and of their squares, by the weights' names. */
  readonly moments: Arrays;
}

/** Weights that live inside TensorFlow and are updated in place by its fused Adam. */
export interface Adam {
  /** A weight's current value: dispose of it before `apply`, which would copy the weight otherwise. */
  weight(name: string): Tensor;
  /** One step with the gradients of all weights, by name. The gradients stay the caller's. */
  apply(gradients: Readonly<Record<string, Tensor>>): void;
  state(): AdamState;
  /** Only the weights, as a finished model stores them. */
  weights(): Arrays;
  /** Puts weights in place of the current ones (the best epoch's, for example); moments stay. */
  assign(weights: Arrays): void;
  dispose(): void;
}

/** Before the first step: zero moments. */
export function freshAdamState(weights: Arrays): AdamState {
  const moments: Record<string, NamedArray> = {};
  for (const [name, { shape, data }] of Object.entries(weights)) {
    moments[`${name}/m`] = { shape, data: new Float32Array(data.length) };
    moments[`${name}/v`] = { shape, data: new Float32Array(data.length) };
  }
  return { step: 0, weights, moments };
}

/**
 * Kingma and Ba's Adam as Keras has it (epsilon outside the bias correction), through ResourceApplyAdam.
 * @example
 * const adam = createAdam(tf, freshAdamState({ kernel: { shape: [2, 2], data } }), { learningRate: 0.001 });
 * adam.apply({ kernel: gradient });
 */
export function createAdam(tf: TensorFlow, from: AdamState, options: { learningRate: number }): Adam {
  const { attribute, type, run } = operations(tf);
  const names = Object.keys(from.weights);
  const slot = (arrays: Arrays, name: string): Variable => {
    const array = arrays[name];
    if (array === undefined) throw new Error(`Adam's state has no ${name}`);
    return createVariable(tf, array);
  };
  const variables = new Map(
    names.map((name) => [
      name,
      {
        weight: slot(from.weights, name),
        m: slot(from.moments, `${name}/m`),
        v: slot(from.moments, `${name}/v`),
      },
    ]),
  );
  const variable = (name: string) => {
    const found = variables.get(name);
    if (found === undefined) throw new Error(`there is no weight ${name}`);
    return found;
  };
  const constants = [options.learningRate, BETA_1, BETA_2, EPSILON].map((value) => tf.keep(tf.scalar(value)));
  const attributes = [
    type('T'),
    attribute('use_locking', 'bool', false),
    attribute('use_nesterov', 'bool', false),
  ];
  let step = from.step;

  const weights = (): Arrays =>
    Object.fromEntries(names.map((name) => [name, variable(name).weight.toArray()]));
  return {
    weight: (name) => variable(name).weight.read(),
    apply(gradients) {
      step += 1;
      const powers = [BETA_1 ** step, BETA_2 ** step].map((value) => tf.scalar(value));
      for (const name of names) {
        const gradient = gradients[name];
        if (gradient === undefined) throw new Error(`no gradient for ${name}`);
        const { weight, m, v } = variable(name);
        const inputs = [weight.handle, m.handle, v.handle, ...powers, ...constants, gradient];
        run('ResourceApplyAdam', attributes, inputs, 0);
      }
      for (const power of powers) power.dispose();
    },
    state: () => ({
      step,
      weights: weights(),
      moments: Object.fromEntries(
        names.flatMap((name) => [
          [`${name}/m`, variable(name).m.toArray()],
          [`${name}/v`, variable(name).v.toArray()],
        ]),
      ),
    }),
    weights,
    assign(replacements) {
      for (const [name, array] of Object.entries(replacements)) variable(name).weight.assign(array);
    },
    dispose() {
      for (const { weight, m, v } of variables.values()) for (const one of [weight, m, v]) one.dispose();
      for (const constant of constants) constant.dispose();
    },
  };
}
