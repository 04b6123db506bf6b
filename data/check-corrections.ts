import type { CatalogueRef } from './catalogue.ts';
import { type CheckOptions, type CheckReport, checkCatalogue } from './check.ts';

/** People correct what comes: few codes, now and then no text or a picture that cannot be read. Each row counts by itself. */
const LIMITS = {
  ...{ minRowsPerCode: 0, maxMissingPictures: 1 },
  ...{ maxUnreadablePictures: 1, maxEmptyTexts: 1, maxDuplicates: 1 },
};

/**
 * The check of corrections that are learned from beside a catalogue: every row and picture of theirs, as
 * `checkCatalogue` does it. The catalogue's own pictures are not decoded again for them.
 */
export async function checkCorrections(
  corrections: CatalogueRef,
  tools: Pick<CheckOptions, 'signal' | 'onProgress'>,
): Promise<CheckReport> {
  const report = await checkCatalogue({ ...tools, catalogue: corrections, limits: LIMITS });
  // Nobody promised a picture.
  const problems = report.problems.filter(({ code }) => code !== 'CATALOGUE_PICTURE_MISSING');
  return { ...report, problems };
}
