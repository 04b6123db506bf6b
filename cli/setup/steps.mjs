import { wishDvc } from './dvc.mjs';
import { ensureHadolint } from './hadolint.mjs';
import { wishMlflow } from './mlflow.mjs';
import { ensureNodeModules } from './node-modules.mjs';
import { ensureS3Server } from './s3-server.mjs';
import { ensureSchemathesis } from './schemathesis.mjs';
import { ensureTemporalCli, ensureTimeSkippingServer } from './temporal.mjs';
import { ensureTensorflow } from './tensorflow.mjs';

/** @typedef {'modules' | 'tensorflow' | 'temporal' | 'timeSkipping' | 'dvc' | 'mlflow' | 's3Server' | 'schemathesis' | 'hadolint'} Need */

/** In the order in which they are met: the later ones use what the earlier ones install. */
const STEPS = /** @type {const} */ ({
  modules: ensureNodeModules,
  tensorflow: ensureTensorflow,
  temporal: ensureTemporalCli,
  timeSkipping: ensureTimeSkippingServer,
  dvc: wishDvc,
  mlflow: wishMlflow,
  s3Server: ensureS3Server,
  schemathesis: ensureSchemathesis,
  hadolint: ensureHadolint,
});

export const ALL_NEEDS = /** @type {Need[]} */ (Object.keys(STEPS));

/**
 * Installs what is missing of what a command needs; some milliseconds when nothing is.
 * @param {string} project
 * @param {readonly Need[]} needs
 */
export async function setUp(project, needs) {
  for (const need of ALL_NEEDS) {
    if (needs.includes(need)) await STEPS[need](project);
  }
}
