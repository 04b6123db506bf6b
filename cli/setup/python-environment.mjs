import { join } from 'node:path';
import { ask, onPath, runCommand } from './command.mjs';
import { problem } from './problem.mjs';

/** Pinned packages want a Python of their time: as uv is asked for one, and as Python says what it is. */
export const PYTHONS = {
  /** 3.11 or newer. */
  modern: { uv: '>=3.11', words: '3.11 or newer', test: 'sys.version_info >= (3, 11)' },
  /** TensorFlow 2.15 knows none that is newer. */
  3.11: { uv: '3.11', words: '3.11', test: 'sys.version_info[:2] == (3, 11)' },
};

/** The Python of an environment. @param {string} environment */
export const pythonIn = (environment) => join(environment, 'bin', 'python');

/**
 * Makes a Python environment with pinned packages: with uv where it is there, else with Python's venv and pip.
 * @param {string} environment an empty folder
 * @param {{ name: string, requirements: string, python: { uv: string, words: string, test: string } }} wanted
 *   `name` for messages, the file of pins, and which Python
 */
export async function makePythonEnvironment(environment, { name, requirements, python }) {
  for (const [command, ...args] of steps(environment, ['-r', requirements], python)) {
    const result = await runCommand(command, args, {
      minutes: 30,
      env: { PIP_DISABLE_PIP_VERSION_CHECK: '1', UV_LINK_MODE: 'copy' },
    });
    if (!result.ok) {
      throw problem(
        'DOWNLOAD_FAILED',
        `${name} could not be installed from PyPI. Check the network and the settings of pip or uv, then run the command again.\n${result.output}`,
      );
    }
  }
}

/**
 * pip from outside installs into an environment without one: Debian's Python makes no other without python3-venv.
 * @param {string} environment @param {string[]} packages
 * @param {{ uv: string, words: string, test: string }} wanted
 * @returns {[string, ...string[]][]}
 */
function steps(environment, packages, wanted) {
  const python = pythonIn(environment);
  const uv = onPath('uv');
  if (uv) {
    return [
      [uv, 'venv', '--quiet', '--allow-existing', '--python', wanted.uv, environment],
      [uv, 'pip', 'install', '--quiet', '--python', python, ...packages],
    ];
  }
  const test = `import sys, pip; assert ${wanted.test}`;
  const system = ['python3', 'python3.13', 'python3.12', 'python3.11']
    .map(onPath)
    .find((found) => found !== null && ask(found, ['-c', test]) !== null);
  if (!system) {
    throw problem(
      'PYTHON_UNSUPPORTED',
      `Neither uv nor a Python of ${wanted.words} with pip was found. Install one, for example with "apt-get install python3-pip".`,
    );
  }
  return [
    [system, '-m', 'venv', '--without-pip', environment],
    [system, '-m', 'pip', '--python', python, 'install', '--quiet', '--no-cache-dir', ...packages],
  ];
}
