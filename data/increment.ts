import { CHALLENGE_FILES } from './catalogue.ts';
import type { Increment } from './corrections.ts';
import { fetchCatalogue } from './fetch.ts';
import { readProducts } from './read.ts';

/**
 * An increment that lies in a folder already, as `exportCorrections` wrote it.
 * @param work gets its list of files; the folder is only read
 * @throws EtiquetteError as fetchCatalogue and readProducts
 */
export async function readIncrement(folder: string, work: string, signal?: AbortSignal): Promise<Increment> {
  const catalogue = await fetchCatalogue({
    source: folder,
    directory: work,
    files: CHALLENGE_FILES,
    ...(signal && { signal }),
  });
  let rows = 0;
  for await (const _ of readProducts(catalogue, 'train')) rows += 1;
  return { version: catalogue.contentHash.slice(0, 16), catalogue, rows };
}
