import type { EtiquetteError } from '../../errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm passes on what the terminal has already sent: only a later signal is a second wish. */
const SECOND_WISH_AFTER_MS = 2_000;
const INTERRUPTED = 130;

export interface UntilStopped {
  /**
   * Does the work, then waits for a signal.
   * @returns the exit code: 0 when the work was done before the signal
   * @throws what the work throws, and what `fail` was given
   */
  during(work: () => Promise<void>): Promise<number>;
  fail(error: EtiquetteError): void;
  close(): void;
}

/** Waits for Ctrl-C, for a signal, or for npm to be gone. A second Ctrl-C ends this process at once. */
export function untilStopped(): UntilStopped {
  let stop: () => void = () => {};
  let fail: (error: EtiquetteError) => void = () => {};
  const asked = new Promise<void>((resolve, reject) => {
    stop = resolve;
    fail = reject;
  });
  asked.catch(() => {}); // Nobody waits for it any more once the work has failed.

  let askedAt: number | undefined;
  const onSignal = () => {
    if (askedAt !== undefined && Date.now() - askedAt > SECOND_WISH_AFTER_MS) process.exit(INTERRUPTED);
    askedAt ??= Date.now();
    stop();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);

  // npm killed by kill -9 can not pass that on: it only stops being our parent.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event && process.ppid !== parent) stop();
  }, 1_000);

  return {
    async during(work) {
      let done = false;
      await Promise.race([
        asked,
        work().then(() => {
          done = true;
        }),
      ]);
      await asked;
      return done ? 0 : INTERRUPTED;
    },
    fail: (error) => fail(error),
    close() {
      clearInterval(watch);
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
