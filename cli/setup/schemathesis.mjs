import { ensurePythonTool, pythonTool } from './python-tool.mjs';
import { say } from './screen.mjs';

const SCHEMATHESIS = {
  name: 'schemathesis',
  version: '4.32.5',
  module: 'schemathesis.cli',
  says: 'Schemathesis',
  why: 'tests hold the API to its own document with it; 70 MB on disk',
};

/** How to call `schemathesis`, or null when it was not installed. */
export const schemathesis = () => pythonTool(SCHEMATHESIS);

/** For the tests of the API's document, which are skipped where it can not be had. */
export async function ensureSchemathesis() {
  try {
    await ensurePythonTool(SCHEMATHESIS);
  } catch (error) {
    say(/** @type {Error} */ (error).message);
  }
}
