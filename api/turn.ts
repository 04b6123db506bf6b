const waiting: Array<() => void> = [];

/**
 * Resolves in an iteration of the event loop that no other caller's turn is in. A batch of answers leaves at once, and
 * the clients' next requests come at once: taken in turns, none of what they cost keeps /status waiting for all of it.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(next);
  });
}

function next(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(next);
}
