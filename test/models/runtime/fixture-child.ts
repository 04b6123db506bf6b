import { setImmediate, setTimeout } from 'node:timers/promises';
import { EtiquetteError } from '../../../errors.ts';
import { pause } from '../../../models/runtime/pause.ts';
import { serveJobs } from '../../../models/runtime/serve-jobs.ts';

/** Jobs that do the things a supervisor must survive. */
export type FixtureJobs = {
  echo: { input: unknown; output: unknown };
  environment: { input: null; output: Record<string, string | undefined> };
  /** Reports progress, then works in small steps until it is aborted. */
  untilAborted: { input: null; output: null };
  /** Reports progress, then never looks at its signal. */
  deaf: { input: null; output: null };
  /** Reports progress, then waits for ever. */
  wait: { input: null; output: null };
  exit: { input: number; output: null };
  speak: { input: { out: string; err: string }; output: null };
  failCoded: { input: null; output: null };
  failPlain: { input: null; output: null };
};

const started = { fraction: 0, message: 'started' };

serveJobs<FixtureJobs>({
  echo: async () => async (input) => input,
  environment: async () => async () => ({ ...process.env }),
  untilAborted: async () => async (_input, context) => {
    context.progress(started);
    for (;;) await pause(context);
  },
  deaf: async () => async (_input, context) => {
    context.progress(started);
    for (;;) await setImmediate();
  },
  wait: async () => async (_input, context) => {
    context.progress(started);
    await setTimeout(1e9);
    return null;
  },
  exit: async () => async (code) => process.exit(code),
  speak:
    async () =>
    async ({ out, err }) => {
      console.log(out);
      console.error(err);
      return null;
    },
  failCoded: async () => async () => {
    throw new EtiquetteError('FIXTURE_CODE', 'Do this.', { retryable: true, details: { row: 7 } });
  },
  failPlain: async () => async () => {
    throw new TypeError('undefined is not a banana');
  },
});
