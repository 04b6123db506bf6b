import { pythonTool, wishPythonTool } from './python-tool.mjs';

const MLFLOW = {
  name: 'mlflow',
  version: '3.17.2',
  says: 'the MLflow server',
  why: 'it shows every training run and the registry of models; 800 MB on disk, about a minute',
  variable: 'MLFLOW',
};

/** How to call `mlflow`, or null when it was not installed. */
export const mlflowServer = () => pythonTool(MLFLOW);

/**
 * Nothing to install where another server is named.
 * @param {string} project
 */
export const wishMlflow = (project) => wishPythonTool(MLFLOW, project, (env) => !env.MLFLOW_TRACKING_URI);
