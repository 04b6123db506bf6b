/**
 * Cleans up when `npm start` is gone without having stopped its processes (kill -9, out of memory): the
 * channel to it closes, and nobody else would end them. It is told the process groups by
 * `{ watch: pid }` and `{ forget: pid }`.
 */
const PATIENCE_MS = 10_000;

/** @type {Set<number>} */
const groups = new Set();

process.on('message', (/** @type {{ watch?: number, forget?: number }} */ message) => {
  if (message.watch !== undefined) groups.add(message.watch);
  if (message.forget !== undefined) groups.delete(message.forget);
});

process.on('disconnect', () => {
  for (const group of groups) kill(group, 'SIGTERM');
  setTimeout(() => {
    for (const group of groups) kill(-group, 'SIGKILL');
  }, PATIENCE_MS);
});

/** @param {number} pid @param {NodeJS.Signals} signal */
function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}
