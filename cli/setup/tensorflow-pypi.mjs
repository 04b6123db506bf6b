import { cpSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onPath, runCommand } from './command.mjs';
import { problem } from './problem.mjs';
import { say } from './screen.mjs';
import { loads } from './tensorflow-link.mjs';
import { unpackWheel } from './wheel.mjs';

export const PYPI_TENSORFLOW = '2.15.1';

/** @type {Record<string, import('./wheel.mjs').Wheel>} */
const WHEELS = {
  'linux-x64': {
    requirement: `tensorflow-cpu==${PYPI_TENSORFLOW}`,
    platform: 'manylinux2014_x86_64',
    sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
    bytes: 207_208_420,
  },
  'linux-arm64': {
    requirement: `tensorflow-cpu-aws==${PYPI_TENSORFLOW}`,
    platform: 'manylinux2014_aarch64',
    sha256: 'd4c3a3a9363bf42999adedbbd514e3a133be2d62f61fee9cfa46aaefb087c09e',
    bytes: 211_874_120,
  },
};

/** The headers that tfjs-node's addon reaches through tensorflow/c/eager/c_api.h, in either layout of tsl. */
const HEADERS = ['tensorflow/c', 'tensorflow/core/platform', 'tensorflow/tsl', 'tsl'];

/**
 * Takes libtensorflow out of TensorFlow's Python wheel and compiles tfjs-node's addon against it. The addon
 * is two C++ files on Node-API, so the compiler is called directly: node-gyp would also want Python, make
 * and headers of this very Node.
 * @param {string} project
 * @param {string} tfjs the package's folder
 * @param {string} entry
 */
export async function buildFromPyPI(project, tfjs, entry) {
  const here = `${process.platform}-${process.arch}`;
  const wheel = WHEELS[here];
  if (!wheel) {
    throw problem(
      'TENSORFLOW_UNREACHABLE',
      `On ${here} TensorFlow comes only from storage.googleapis.com. Open that host, or name a mirror in TFJS_NODE_BASE_URI, then run the command again.`,
    );
  }
  const compiler = onPath(process.env.CXX ?? 'g++') ?? onPath('c++');
  if (!compiler) {
    throw problem(
      'COMPILER_MISSING',
      'A C++ compiler is needed for TensorFlow. Run "apt-get install g++", then the command again.',
    );
  }

  say(
    `Fetching TensorFlow ${PYPI_TENSORFLOW} (${Math.round(wheel.bytes / 1e6)} MB) from PyPI: the models run on it, and tfjs-node's own download can not be reached.`,
  );
  const unpacked = join(dirname(entry), 'wheel');
  await unpackWheel(wheel, unpacked);

  const libraries = join(entry, 'lib');
  mkdirSync(libraries);
  // The Python wheel exports the C API from its C++ library.
  for (const [file, names] of /** @type {const} */ ([
    ['libtensorflow_cc.so.2', ['libtensorflow.so', 'libtensorflow.so.2']],
    ['libtensorflow_framework.so.2', ['libtensorflow_framework.so']],
  ])) {
    renameSync(join(unpacked, 'tensorflow', file), join(libraries, file));
    for (const name of names) symlinkSync(file, join(libraries, name));
  }
  const headers = join(dirname(entry), 'include');
  for (const folder of HEADERS) {
    cpSync(join(unpacked, 'tensorflow', 'include', folder), join(headers, folder), { recursive: true });
  }
  await rm(unpacked, { recursive: true });

  say("Compiling tfjs-node's addon for it (about 5 s).");
  const addon = join(entry, 'tfjs_binding.node');
  const compiled = await runCommand(
    compiler,
    [
      ...['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'],
      ...[join(project, 'node_modules', 'node-api-headers', 'include'), headers].map((path) => `-I${path}`),
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(tfjs, 'binding', file)),
      ...[`-L${libraries}`, '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib'],
      ...['-o', addon],
    ],
    { minutes: 10 },
  );
  if (!compiled.ok)
    throw problem('TENSORFLOW_BUILD_FAILED', `The addon does not compile.\n${compiled.output}`);

  const loaded = await loads(addon, libraries);
  if (!loaded.ok) {
    throw problem(
      'TENSORFLOW_DOES_NOT_LOAD',
      `TensorFlow does not load here; it needs glibc 2.17 or newer and a processor with AVX.\n${loaded.output}`,
    );
  }
}
