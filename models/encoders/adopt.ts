import { randomUUID } from 'node:crypto';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import {
  DESCRIPTOR,
  type EncoderDescriptor,
  encoderDirectory,
  type InstalledEncoder,
  isSound,
  putInPlace,
  readDescriptor,
  readEncoder,
} from './descriptor.ts';

/**
 * Copies an encoder of the operator's own (encoder.json, model.onnx and what else it names) into the folder of
 * all encoders, under its hash, once. The bundles that name it then do not depend on where it came from.
 * @param source the operator's folder
 * @param directory the folder of all encoders
 * @throws EtiquetteError ENCODER_MISSING, ENCODER_DESCRIPTOR_INVALID, ENCODER_CHANGED, ENCODER_KIND_WRONG
 */
export async function adoptEncoder(
  source: string,
  kind: EncoderDescriptor['kind'],
  directory: string,
): Promise<InstalledEncoder> {
  const described = await readDescriptor(source);
  const { descriptor } = described;
  if (descriptor.kind !== kind) {
    throw new EtiquetteError(
      'ENCODER_KIND_WRONG',
      `${source} holds an encoder of kind ${descriptor.kind}, and one of kind ${kind} is needed there.`,
    );
  }
  const place = encoderDirectory(directory, { name: descriptor.name, sha256: described.sha256 });
  if (!(await isSound(place))) {
    const beside = join(directory, `.${descriptor.name}-${randomUUID()}`);
    await mkdir(beside, { recursive: true });
    try {
      for (const file of [...Object.keys(descriptor.files), DESCRIPTOR]) {
        await cp(join(source, file), join(beside, file)).catch(() => {
          // What is missing is told by the check, with what to do about it.
        });
      }
      await readEncoder(beside).catch(async (error: unknown) => {
        // The copy's paths would mean nothing to anybody.
        await readEncoder(source);
        throw error;
      });
      await putInPlace(beside, place);
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
  }
  return { directory: place, ...described };
}
