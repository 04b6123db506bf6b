import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { cacheDirectory, ensureCached } from './cache.mjs';
import { ask } from './command.mjs';
import { problem } from './problem.mjs';
import { makePythonEnvironment, PYTHONS, pythonIn } from './python-environment.mjs';
import { say } from './screen.mjs';
import { entryName } from './tools.mjs';

/**
 * A program of PyPI that needs Python and packages to run: it has an environment of its own in the user's
 * cache. `cli/setup/python/<name>.txt` pins it and everything that it brings.
 * @typedef {{ name: string, version: string, says: string, why: string, module?: string }} PythonTool `module` is
 *   what runs, where it is not `name`
 */

/**
 * How to call the tool's module: by the environment's Python, since the scripts beside it hold the path of
 * the staging folder that they were made in.
 * @param {PythonTool} tool
 * @returns {[string, ...string[]] | null} command and first arguments, or null when it was not installed
 */
export function pythonTool(tool) {
  const python = pythonIn(join(cacheDirectory(), entryOf(tool)));
  return existsSync(python) ? [python, '-m', tool.module ?? tool.name] : null;
}

/** @param {PythonTool} tool */
export async function ensurePythonTool(tool) {
  if (pythonTool(tool)) return;
  await ensureCached(
    entryOf(tool),
    async (entry) => {
      say(`Installing ${tool.says} ${tool.version}: ${tool.why}.`);
      await install(tool, entry);
    },
    () => pythonTool(tool) !== null,
  );
}

/**
 * For commands that can do without the tool: a machine that can not have it (an old Python) still trains and
 * serves.
 * @param {PythonTool & { variable: string }} tool `<variable>=off` does without
 * @param {string} project
 * @param {(env: NodeJS.ProcessEnv) => boolean} isWanted what else may make it needless
 */
export async function wishPythonTool(tool, project, isWanted = () => true) {
  const file = join(project, '.env');
  const env = { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...process.env };
  if (env[tool.variable] === 'off' || !isWanted(env)) return;
  try {
    await ensurePythonTool(tool);
  } catch (error) {
    say(
      `${/** @type {Error} */ (error).message}\nGoing on without ${tool.says}. ${tool.variable}=off keeps this quiet.`,
    );
  }
}

/** @param {PythonTool} tool */
const requirementsOf = ({ name }) => fileURLToPath(new URL(`python/${name}.txt`, import.meta.url));

/** Other pins are another entry. @param {PythonTool} tool */
function entryOf(tool) {
  const pins = createHash('sha256')
    .update(readFileSync(requirementsOf(tool)))
    .digest('hex');
  return `${entryName(tool)}-${pins.slice(0, 8)}`;
}

/**
 * @param {PythonTool} tool
 * @param {string} entry
 */
async function install(tool, entry) {
  await makePythonEnvironment(entry, {
    ...{ name: `${tool.name} ${tool.version}`, requirements: requirementsOf(tool), python: PYTHONS.modern },
  });
  if (ask(pythonIn(entry), ['-c', `import ${tool.name}`]) === null) {
    throw problem(
      'DOWNLOAD_FAILED',
      `${tool.name} ${tool.version} was installed but does not load. Try again.`,
    );
  }
}
