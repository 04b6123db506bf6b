import { type Logger, pino, stdSerializers } from 'pino';
import { openLogFile } from './log-directory.ts';
import type { RotatingFile } from './rotating-file.ts';
import { censor, secretsOf } from './secrets.ts';

export interface LogSettings {
  readonly LOG_LEVEL: string;
  /** Where a file is kept besides standard output; undefined: none. */
  readonly LOG_DIR?: string | undefined;
}

export interface ProcessLog {
  readonly log: Logger;
  /**
   * Once the configuration is known: its level, its folder, and none of its secrets in a line.
   * @throws EtiquetteError LOG_DIR_UNUSABLE
   */
  configure(config: LogSettings): void;
}

/**
 * A process's structured log on standard output, one JSON object a line.
 * @param ids - what a line was written in: a trace, a run
 */
export function openLog(name: string, ids: () => object): ProcessLog {
  const output = pino.destination({ dest: 1, sync: true });
  let secrets: readonly string[] = [];
  let file: RotatingFile | null = null;
  const write = (line: string) => {
    const clean = censor(line, secrets);
    output.write(clean);
    try {
      file?.write(clean);
    } catch (error) {
      // A full disk must not end the process: standard output still has every line.
      file = null;
      log.error({ err: error }, 'the log in LOG_DIR is not written any more');
    }
  };
  const log = pino(
    {
      name,
      mixin: ids,
      // Temporal and some of our lines call it `error`; without this its message would be lost.
      serializers: { err: errorInLine, error: errorInLine },
    },
    { write },
  );
  return {
    log,
    configure(config) {
      log.level = config.LOG_LEVEL;
      secrets = secretsOf(config);
      if (config.LOG_DIR !== undefined) file = openLogFile(config.LOG_DIR, name);
    },
  };
}

/** pino writes the class as `type`, where Temporal's failures have our code: it is kept as `code`. */
function errorInLine(error: Error & { readonly type?: unknown; readonly code?: unknown }): object {
  const line = stdSerializers.err(error);
  return error instanceof Error && typeof error.type === 'string' && error.code === undefined
    ? { ...line, code: error.type }
    : line;
}
