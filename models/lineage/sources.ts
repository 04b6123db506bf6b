import { join } from 'node:path';
import { listRecords } from '../../data/versions/record.ts';
import { readDeployments } from '../bundle/deployments.ts';
import { listBundles } from '../bundle/list.ts';
import { prunedFolder } from '../bundle/prune.ts';
import { runsThatMention } from '../tracking/told.ts';
import type { LineageSources } from './trace.ts';

/** Where an installation keeps what it knows. */
export interface LineagePlaces {
  readonly bundles: string;
  readonly deployments: string;
  readonly tracking: string;
  /** DVC's repository. */
  readonly versions: string;
}

/** The files of one installation as sources of lineage. */
export function lineageSources(
  places: LineagePlaces,
  { predictions, page }: Pick<LineageSources, 'predictions' | 'page'>,
): LineageSources {
  return {
    predictions,
    page,
    async bundles() {
      const stored = (await listBundles(places.bundles)).map((bundle) => ({ bundle, stored: true }));
      const versions = new Set(stored.map(({ bundle }) => bundle.version));
      const pruned = (await listBundles(prunedFolder(places.bundles)))
        .filter(({ version }) => !versions.has(version))
        .map((bundle) => ({ bundle, stored: false }));
      return [...pruned, ...stored];
    },
    deployments: () => readDeployments(places.deployments),
    runs: (mentioning) => runsThatMention(places.tracking, mentioning),
    versions: () => listRecords(join(places.versions, 'versions')),
  };
}
