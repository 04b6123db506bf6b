import type * as TensorFlow from '@tensorflow/tfjs-node';

type Legacy = { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean };

let loaded: Promise<typeof TensorFlow> | undefined;

/**
 * Loads TensorFlow's native binding. Only child processes call this: every TensorFlow call blocks the
 * event loop, so a worker or the API would stop answering.
 */
export function tensorflow(): Promise<typeof TensorFlow> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<typeof TensorFlow> {
  // tfjs-node 4.22 calls two functions that Node 23 removed.
  const util = (await import('node:util')).default as Legacy;
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  const module = await import('@tensorflow/tfjs-node');
  return (module as unknown as { default?: typeof TensorFlow }).default ?? module;
}
