import { fileURLToPath } from 'node:url';
import { checkNode } from './setup/node-version.mjs';
import { ALL_NEEDS, setUp } from './setup/steps.mjs';

/**
 * What every npm script calls: `node cli/etiquette.mjs NAME args...`. It installs what NAME needs, then runs
 * `main(args)` of cli/NAME.ts; the result is the exit code (0 done, 1 failed, 2 wrong usage). Plain
 * JavaScript, since node_modules may not exist yet.
 *
 * @typedef {import('./setup/steps.mjs').Need} Need
 * @type {Record<string, { needs: readonly Need[], says: string }>}
 */
const COMMANDS = {
  start: {
    needs: ['modules', 'tensorflow', 'temporal', 'mlflow', 'dvc'],
    says: 'run everything on this machine',
  },
  test: { needs: ALL_NEEDS, says: 'run the tests' },
  train: { needs: ['modules'], says: 'train on a catalogue, and deploy when the result is better' },
  evaluate: { needs: ['modules', 'tensorflow'], says: 'score a bundle on a labelled catalogue' },
  predict: { needs: ['modules'], says: 'predict a whole catalogue' },
  explain: { needs: ['modules', 'tensorflow'], says: "say what spoke for a product's code" },
  deploy: { needs: ['modules'], says: 'make a bundle the champion' },
  rollback: { needs: ['modules'], says: 'return to the champion before' },
  approve: { needs: ['modules'], says: 'let the bundle serve that a training waits with' },
  reject: { needs: ['modules'], says: 'keep it from serving' },
  models: { needs: ['modules'], says: 'list bundles and deployments' },
  data: { needs: ['modules', 'dvc'], says: 'list versions of data and models, and bring one back' },
  lineage: { needs: ['modules'], says: 'what an id came from, and what came of it' },
  reproduce: {
    needs: ['modules', 'tensorflow', 'dvc'],
    says: 'train a bundle again from its own data, and compare',
  },
  drift: { needs: ['modules'], says: 'look whether the stream of products has changed' },
  users: { needs: ['modules'], says: 'add, list, change and remove users of the API' },
  keys: { needs: ['modules'], says: 'make, list and revoke API keys for machines' },
  corrections: { needs: ['modules'], says: 'what people answered to predictions: list, export, withdraw' },
  auth: { needs: ['modules'], says: 'serve tokens apart from the API' },
  prune: { needs: ['modules'], says: 'delete old bundles, stages and features that nothing refers to' },
  schedules: { needs: ['modules'], says: 'what runs by itself: list, pause, resume, trigger, backfill' },
  import: { needs: ['modules', 'tensorflow'], says: 'make a bundle of existing Keras files' },
  bench: { needs: ['modules', 'tensorflow', 'temporal'], says: 'measure, against a peer in the same run' },
  monitoring: { needs: ['modules'], says: 'watch it: Prometheus, Alertmanager, node exporter' },
  notify: { needs: ['modules'], says: 'send a test event to whoever is told of runs' },
  sample: { needs: ['modules'], says: 'write a sample catalogue' },
  lint: { needs: ['modules'], says: 'check style and the one-way streets between folders' },
  typecheck: { needs: ['modules'], says: 'check types' },
  check: { needs: ['modules'], says: 'lint and typecheck' },
  format: { needs: ['modules'], says: 'format every file' },
  setup: { needs: ALL_NEEDS, says: 'only install what is missing' },
};

const USAGE = `Usage: npm run NAME -- [options], each with --help

${Object.entries(COMMANDS)
  .map(([name, { says }]) => `  ${name.padEnd(12)}${says}`)
  .join('\n')}
`;

/**
 * @param {string | undefined} name
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function run(name, args) {
  const command = COMMANDS[name ?? ''];
  if (!command) {
    process.stderr.write(USAGE);
    return name === '--help' || name === '-h' ? 0 : 2;
  }
  const asksForHelp = args.includes('--help') || args.includes('-h');
  const project = fileURLToPath(new URL('..', import.meta.url));
  await setUp(project, asksForHelp ? ['modules'] : command.needs);
  if (name === 'setup') return 0;

  const { register } = await import('tsx/esm/api');
  register();
  const { main } = await import(`./${name}.ts`);
  return main(args);
}

/**
 * @param {unknown} error
 * @returns {number} the exit code
 */
function explain(error) {
  const { name, code, message, stack } = /** @type {Error & { code?: string }} */ (error);
  if (name === 'EtiquetteError') {
    process.stderr.write(`${code}: ${message}\n`);
    return code === 'USAGE' ? 2 : 1;
  }
  if (code?.startsWith('ERR_PARSE_ARGS')) {
    process.stderr.write(`USAGE: ${message.split('. ')[0]}. Add --help to see what there is.\n`);
    return 2;
  }
  process.stderr.write(`${stack}\n`);
  return 1;
}

let exitCode;
try {
  checkNode();
  exitCode = await run(process.argv[2], process.argv.slice(3));
} catch (error) {
  exitCode = explain(error);
}
// A pipe may still hold words; a library may still hold a handle. The first is waited for, the second not.
process.stdout.write('', () => process.exit(exitCode));
