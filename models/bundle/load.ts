import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hashFile } from '../../data/manifest.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import { type Bundle, bundleSchema, bundleVersion } from './format.ts';

/**
 * Reads bundle.json and checks that it is what it says: format, label order, version.
 * @throws EtiquetteError BUNDLE_UNKNOWN, BUNDLE_CORRUPT.
 */
export async function readBundle(directory: string): Promise<Bundle> {
  let text: string;
  try {
    text = await readFile(join(directory, 'bundle.json'), 'utf8');
  } catch (cause) {
    const message = `There is no bundle "${basename(directory)}". "npm run models" lists them.`;
    throw new EtiquetteError('BUNDLE_UNKNOWN', message, { cause });
  }
  let bundle: Bundle;
  try {
    bundle = bundleSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw corrupt(directory, 'bundle.json is damaged', cause);
  }
  const { version, madeBy: _, ...content } = bundle;
  if (version !== bundleVersion(content)) throw corrupt(directory, 'bundle.json was edited');
  if (bundle.labels.some((label, column) => label !== TYPE_CODES[column])) {
    throw corrupt(directory, 'its label order is not the one of this release');
  }
  return bundle;
}

/** Every file against its recorded size and SHA-256. @throws EtiquetteError BUNDLE_CORRUPT naming the file. */
export async function verifyFiles(directory: string, bundle: Bundle): Promise<void> {
  for (const [file, expected] of Object.entries(bundle.files)) {
    const actual = await hashFile(join(directory, file)).catch(() => null);
    if (actual !== expected.sha256) throw corrupt(directory, `${file} is missing or was changed`);
  }
}

function corrupt(directory: string, why: string, cause?: unknown): EtiquetteError {
  const message = `Bundle ${basename(directory)} cannot be used: ${why}. Train again or restore the folder.`;
  return new EtiquetteError('BUNDLE_CORRUPT', message, { cause });
}
