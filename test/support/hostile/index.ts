import type { HostileCase } from './case.ts';
import { CONNECTIONS } from './connections.ts';
import { FORMS } from './forms.ts';
import { JSON_BODIES } from './json.ts';
import { PICTURES } from './pictures.ts';
import { TOKENS } from './tokens.ts';

/** Every bad request that we thought of: the suite asserts the answers, `npm run bench -- serving` the memory too. */
export const HOSTILE_CASES: readonly HostileCase[] = [
  ...TOKENS,
  ...FORMS,
  ...PICTURES,
  ...JSON_BODIES,
  ...CONNECTIONS,
];
