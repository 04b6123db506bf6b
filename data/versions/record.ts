import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EtiquetteError } from '../../errors.ts';
import { writeAtomic } from '../atomic.ts';

const output = z.object({
  /** A file or a folder of the version; its pointer is `<path>.dvc` beside it. */
  path: z.string(),
  bytes: z.number().int(),
  files: z.number().int(),
  /** DVC's name for the content: of a file its MD5, of a folder `<md5 of its list>.dir`. */
  md5: z.string(),
  /** Of a file its SHA-256; of a folder that of its sorted lines `<path>\t<sha256>`. */
  sha256: z.string(),
});

const record = z.object({
  format: z.literal(1),
  version: z.string(),
  kind: z.enum(['dataset', 'bundle', 'predictions']),
  /** When its files came into DVC, ISO 8601. */
  at: z.string(),
  workflowId: z.string().nullable(),
  runId: z.string().nullable(),
  /** What it was made of; null where that is not known. */
  from: z.object({
    catalogueHash: z.string().nullable(),
    datasetVersion: z.string().nullable(),
    bundle: z.string().nullable(),
  }),
  outputs: z.array(output),
  /** Remotes that have all of it. */
  pushes: z.array(z.object({ remote: z.string(), at: z.string() })),
});

export type VersionOutput = z.infer<typeof output>;
/** What is known of a version, in `versions/<version>.json`; its pointers lie in `versions/<version>/`. */
export type VersionRecord = z.infer<typeof record>;

/** The form of every version's name. */
const NAME = /^[0-9a-f]{16}$/;

export async function readRecord(folder: string, version: string): Promise<VersionRecord | null> {
  if (!NAME.test(version)) return null;
  try {
    return record.parse(JSON.parse(await readFile(join(folder, `${version}.json`), 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new EtiquetteError(
      'VERSION_RECORD_INVALID',
      `${folder}/${version}.json is damaged. Restore it, or delete it: the next run writes it again.`,
      { cause: error },
    );
  }
}

export async function writeRecord(folder: string, content: VersionRecord): Promise<void> {
  await writeAtomic(join(folder, `${content.version}.json`), `${JSON.stringify(content, null, 2)}\n`);
}

/** Oldest first. */
export async function listRecords(folder: string): Promise<VersionRecord[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const found = await Promise.all(names.map((name) => readRecord(folder, name.slice(0, -'.json'.length))));
  return found.filter((one) => one !== null).sort((a, b) => (a.at < b.at ? -1 : 1));
}
