import { availableParallelism } from 'node:os';
import { pino } from 'pino';
import type { ActivityDeps } from '../activities/deps.ts';
import type { Config } from '../config.ts';
import { createMlProcess } from '../models/runtime/process.ts';

/** Builds what activities need, and how to let go of it. The ML processes start on their first job. */
export function createDeps(config: Config, name: string): ActivityDeps & { close(): Promise<void> } {
  const log = pino({ name, level: config.LOG_LEVEL });
  const process = (kind: string, threads: number) =>
    createMlProcess({
      name: kind,
      threads,
      // A stage needs one of the two at a time: the other gives its memory back.
      idleSeconds: 60,
      log: (line) => log.debug({ process: kind }, line),
    });
  const ml = process('ml', 1);
  const vision = process('vision', availableParallelism());
  return {
    config,
    log,
    ml,
    vision,
    close: async () => {
      await Promise.all([ml.close(), vision.close()]);
    },
  };
}
