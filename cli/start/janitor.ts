import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Ends the process groups that it watches when this process dies without stopping them. */
export interface Janitor {
  watch(group: number): void;
  forget(group: number): void;
  close(): void;
}

/** Starts the janitor's process; janitor.mjs says how it works. */
export function startJanitor(): Janitor {
  const janitor = spawn(process.execPath, [fileURLToPath(new URL('janitor.mjs', import.meta.url))], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // It only helps: without it everything else still runs and stops.
  janitor.on('error', () => {});
  const tell = (message: object) => {
    if (janitor.connected) janitor.send(message, () => {});
  };
  return {
    watch: (group) => tell({ watch: group }),
    forget: (group) => tell({ forget: group }),
    close: () => janitor.kill('SIGKILL'),
  };
}
