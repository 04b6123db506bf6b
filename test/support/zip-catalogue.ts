import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHALLENGE_FILES } from '../../data/catalogue.ts';
import { zipOf } from './zip.ts';

/** A catalogue as its publishers serve it: the three CSVs and one archive of all pictures. */
export async function zipCatalogue(
  catalogue: string,
  site: string,
): Promise<{ name: string; bytes: number }> {
  const { xTrain, yTrain, xTest, images, imagesArchive } = CHALLENGE_FILES;
  await mkdir(site, { recursive: true });
  for (const file of [xTrain, yTrain, xTest]) await copyFile(join(catalogue, file), join(site, file));
  const names = (await readdir(join(catalogue, images), { recursive: true })).filter((name) =>
    name.endsWith('.jpg'),
  );
  const entries = await Promise.all(
    names.sort().map(async (name) => ({
      name: `${images}/${name}`,
      data: await readFile(join(catalogue, images, name)),
      method: 0 as const,
    })),
  );
  const archive = join(site, imagesArchive);
  await writeFile(archive, zipOf(entries));
  return { name: imagesArchive, bytes: (await stat(archive)).size };
}
