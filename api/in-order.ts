export interface Window {
  /** So many are in work at a time. */
  readonly most: number;
  /** Reading stops while those in work weigh so much; one is always let in. */
  readonly weight: number;
}

export interface Weighed<In> {
  readonly input: In;
  readonly weight: number;
}

/**
 * Works on inputs side by side and yields the results in the order of the inputs. It reads the next input only
 * while there is room, and nothing at all while nobody takes the results; a result never waits for an input that
 * has not come yet. When its consumer stops early, so does its source.
 */
export async function* inOrder<In, Out>(
  source: AsyncGenerator<Weighed<In>>,
  { most, weight }: Window,
  work: (input: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const going: Array<{ readonly result: Promise<Out>; readonly weight: number }> = [];
  let held = 0;
  let reading: Promise<IteratorResult<Weighed<In>>> | null = null;
  let ended = false;
  try {
    for (;;) {
      const room = going.length === 0 || (going.length < most && held < weight);
      if (!ended && room) reading ??= source.next();
      const [first] = going;
      if (!reading && !first) return;
      const happened = await Promise.race([
        ...(reading ? [reading.then((read) => ({ read }))] : []),
        ...(first ? [first.result.then((out) => ({ out }))] : []),
      ]);
      if ('out' in happened) {
        held -= going.shift()?.weight ?? 0;
        yield happened.out;
        continue;
      }
      reading = null;
      const { done, value } = happened.read;
      if (done) ended = true;
      else {
        const result = work(value.input);
        // One that fails before its turn fails the whole when its turn comes.
        result.catch(() => {});
        going.push({ result, weight: value.weight });
        held += value.weight;
      }
    }
  } finally {
    // It may be waiting for bytes that do not come: whoever aborts them wakes it.
    source.return(undefined).catch(() => {});
  }
}
