import { pythonTool, wishPythonTool } from './python-tool.mjs';

const DVC = {
  name: 'dvc',
  version: '3.67.1',
  says: 'DVC',
  why: 'it keeps every version of data and models; 140 MB on disk, about a minute',
  variable: 'DVC',
};

/** How to call `dvc`, or null when it was not installed. */
export const dvc = () => pythonTool(DVC);

/** Runs without it go on, with a warning. @param {string} project */
export const wishDvc = (project) => wishPythonTool(DVC, project);
