/**
 * The one-way streets between the rooms. Two sets: what holds for every import, types included, and what
 * holds for imports that exist at run time (`import type` is free).
 */

const TEMPORAL = '(^|node_modules/)@temporalio/';
const HONO = '(^|node_modules/)(hono|@hono)(/|$)';
const PROCESSES = '^(activities|workflows|workers|temporal|api|cli|tracing)/';

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
export const EVERY_IMPORT = [
  {
    name: 'data-stands-alone',
    comment: 'data/ knows nothing of models/, of Temporal, of HTTP.',
    severity: 'error',
    from: { path: '^data/' },
    to: { path: ['^models/', PROCESSES, TEMPORAL, HONO] },
  },
  {
    name: 'models-know-no-processes',
    comment: 'models/ knows nothing of Temporal or HTTP.',
    severity: 'error',
    from: { path: '^models/' },
    to: { path: [PROCESSES, TEMPORAL, HONO] },
  },
];

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
export const RUN_TIME_IMPORTS = [
  {
    name: 'workflows-are-deterministic',
    comment: 'Workflows are bundled for a sandbox: activities as types only, no Node, no configuration.',
    severity: 'error',
    from: { path: '^workflows/' },
    to: { path: ['^(activities|workers|api|cli)/', '^config\\.ts$', '^temporal/(?!contracts|inputs)'] },
  },
  {
    name: 'workflows-use-only-the-workflow-sdk',
    severity: 'error',
    from: { path: '^workflows/' },
    to: { path: TEMPORAL, pathNot: '@temporalio/(workflow|common)(/|$)' },
  },
  {
    name: 'workflows-touch-no-node-module',
    severity: 'error',
    from: { path: '^workflows/' },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'api-gets-its-temporal-client-handed-in',
    severity: 'error',
    from: { path: '^api/', pathNot: '^api/main\\.ts$' },
    to: { path: [TEMPORAL, '^(workflows|activities|workers|cli)/'] },
  },
  {
    name: 'api-knows-only-serving',
    comment: 'models/ through the inference service; bundles and their lineage as data.',
    severity: 'error',
    from: { path: '^api/', pathNot: '^api/main\\.ts$' },
    to: { path: '^models/', pathNot: '^models/(serving|bundle|lineage)/' },
  },
  {
    name: 'only-entry-points-read-config',
    comment: 'Everyone else is handed what it needs.',
    severity: 'error',
    from: {
      pathNot: '^(workers/[^/]+\\.ts|api/(main|auth)\\.ts|docker/first-model\\.ts|cli/.*|bench/.*|test/.*)$',
    },
    to: { path: '^config\\.ts$' },
  },
  {
    name: 'no-circles',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
];
