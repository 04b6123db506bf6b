import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../../data/atomic.ts';
import type { QuickenInput } from '../../family.ts';
import { encodeOnnx } from '../../onnx/write.ts';
import type { JobContext } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { decodePicture } from '../picture.ts';
import { calibrate } from './calibrate.ts';
import { QUICK_CONVOLUTIONS } from './convolutions.ts';
import { loadVgg16 } from './encoder-file.ts';
import { vgg16In8Bits } from './in-8-bits.ts';
import { readVgg16Head, saveVgg16Head, type Vgg16Engine } from './model.ts';

const ENGINE: Vgg16Engine = 'onnxruntime-int8';

/** The recipe's quicken: the convolutions in 8 bits, which the model's folder then holds. */
export async function quicken(
  { model, encoder, pictures, directory }: QuickenInput,
  context: JobContext,
): Promise<{ float: string; quick: string } | null> {
  try {
    await import('onnxruntime-node');
  } catch (error) {
    console.warn(`${ENGINE} does not run here, so that TensorFlow stays: ${error}`);
    return null;
  }
  const head = await readVgg16Head(model);
  const weights = await loadVgg16(encoder.file);
  async function* decoded() {
    for (const [index, file] of pictures.entries()) {
      await pause(context);
      yield await decodePicture(await readFile(file), head.parameters);
      const message = `ranges of ${index + 1} of ${pictures.length} pictures`;
      context.progress({ fraction: (index + 1) / pictures.length, message });
    }
  }
  const { size } = head.parameters;
  const graph = vgg16In8Bits(weights, size, await calibrate(weights, size, decoded()));
  await saveVgg16Head(directory, { ...head, engine: ENGINE });
  await writeAtomic(join(directory, QUICK_CONVOLUTIONS), encodeOnnx(graph));
  return { float: head.engine, quick: ENGINE };
}
