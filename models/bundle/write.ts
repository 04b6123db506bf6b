import { randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { hashFile } from '../../data/manifest.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';
import type { Fusion } from '../fusion/fuse.ts';
import type { EngineChoice, Parameters } from '../runtime/jobs.ts';
import { type Bundle, bundleVersion, type GoldenProduct } from './format.ts';
import { readBundle } from './load.ts';

export interface BundleParts {
  readonly family: string;
  /** The finished models' folders, copied as `text/` and `image/`. */
  readonly text: { readonly recipe: string; readonly parameters: Parameters; readonly directory: string };
  readonly image: {
    readonly recipe: string;
    readonly parameters: Parameters;
    readonly directory: string;
    readonly engine?: EngineChoice | null;
  };
  readonly encoders: Bundle['encoders'];
  readonly fusion: Fusion;
  readonly lineage: Bundle['lineage'];
  readonly metrics: Bundle['metrics'];
  readonly golden: readonly (GoldenProduct & { readonly pictureSource: string | null })[];
  /** Further files by their path in the bundle, such as evaluation.json and the original's JSON files. */
  readonly texts: Readonly<Record<string, string>>;
  readonly madeBy: Bundle['madeBy'];
}

/**
 * Puts a bundle into the store and returns it. It is made beside and renamed, so it is whole or not there;
 * the same content has the same version, and then the bundle that is there stays as it is.
 */
export async function writeBundle(root: string, parts: BundleParts): Promise<Bundle> {
  await mkdir(root, { recursive: true });
  await sweep(root);
  const staging = join(root, `.staging-${randomUUID()}`);
  try {
    await cp(parts.text.directory, join(staging, 'text'), { recursive: true });
    await cp(parts.image.directory, join(staging, 'image'), { recursive: true });
    await mkdir(join(staging, 'golden'), { recursive: true });
    const golden: GoldenProduct[] = [];
    for (const { pictureSource, ...product } of parts.golden) {
      if (pictureSource && product.picture) await cp(pictureSource, join(staging, 'golden', product.picture));
      golden.push(product);
    }
    const texts = { ...parts.texts, 'golden/products.json': `${JSON.stringify(golden, null, 2)}\n` };
    for (const [file, text] of Object.entries(texts)) {
      await mkdir(join(staging, file, '..'), { recursive: true });
      await writeFile(join(staging, file), text);
    }
    const content: Omit<Bundle, 'version' | 'madeBy'> = {
      format: 1,
      family: parts.family,
      labels: [...TYPE_CODES],
      text: { recipe: parts.text.recipe, parameters: parts.text.parameters },
      image: {
        recipe: parts.image.recipe,
        parameters: parts.image.parameters,
        ...(parts.image.engine && { engine: parts.image.engine }),
      },
      encoders: parts.encoders,
      fusion: parts.fusion,
      lineage: parts.lineage,
      metrics: parts.metrics,
      files: await hashes(staging),
    };
    const version = bundleVersion(content);
    const bundle: Bundle = { ...content, version, madeBy: parts.madeBy };
    await writeFile(join(staging, 'bundle.json'), `${JSON.stringify(bundle, null, 2)}\n`);
    return await publish(root, staging, bundle);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function publish(root: string, staging: string, bundle: Bundle): Promise<Bundle> {
  const directory = join(root, bundle.version);
  try {
    await rename(staging, directory);
    return bundle;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    return await readBundle(directory);
  }
}

async function hashes(directory: string): Promise<Bundle['files']> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const found: Bundle['files'] = {};
  for (const file of files) {
    const { size } = await stat(file);
    found[relative(directory, file).replaceAll('\\', '/')] = { bytes: size, sha256: await hashFile(file) };
  }
  return found;
}

/** A killed writer leaves its staging folder: an hour later nobody is at work in it. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith('.staging-')) continue;
    const folder = join(root, name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 3_600_000) await rm(folder, { recursive: true, force: true });
  }
}
