import { Agent, request } from 'node:http';
import { setPriority } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { numbered } from './bodies.ts';
import type { Asked, Load, Outcome } from './load.ts';

/** As long as a client that honours Retry-After waits at least. */
const AFTER_BUSY_MS = 1000;
const FAILURES_KEPT = 5;
/** A connection that nobody used for so long is not used again: uvicorn closes it after 5 s, perhaps just then. */
const IDLE_MS = 2500;

/** Who asks at a fixed rate asks on time: its own waiting for a core is none of the server's. */
const ON_TIME = -10;

process.once('message', async (message) => {
  const load = message as Load;
  if (load.arrivals.kind === 'open') comeFirst();
  process.send?.(await run(load));
  process.disconnect();
});

function comeFirst(): void {
  try {
    setPriority(ON_TIME);
  } catch {
    // Only root may: then the figures hold what the generator itself had to wait.
  }
}

async function run({ asked, arrivals, seconds }: Load): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  const answers: Record<string, number> = {};
  const milliseconds: number[][] = asked.map(() => []);
  const failures: string[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  let sent = 0;

  async function one(): Promise<string> {
    const place = sent % asked.length;
    const body = bodyOf(asked[place] as Asked, sent);
    sent += 1;
    const from = performance.now();
    const { answer, text } = await ask(agent, asked[place] as Asked, body);
    answers[answer] = (answers[answer] ?? 0) + 1;
    if (answer === '200') milliseconds[place]?.push(performance.now() - from);
    else if (failures.length < FAILURES_KEPT) failures.push(`${answer} ${text}`);
    return answer;
  }

  if (arrivals.kind === 'closed') {
    const most = arrivals.requests ?? Number.POSITIVE_INFINITY;
    const client = async () => {
      while (performance.now() < end && sent < most) {
        if ((await one()) === '503') await wait(AFTER_BUSY_MS);
      }
    };
    await Promise.all(Array.from({ length: arrivals.clients }, client));
  } else {
    const open = new Set<Promise<unknown>>();
    // A request's time is its own whether or not the ones before it are answered.
    for (let at = start; at < end; at += 1000 / arrivals.perSecond) {
      const early = at - performance.now();
      if (early > 1) await wait(early);
      const going = one().finally(() => open.delete(going));
      open.add(going);
    }
    await Promise.all(open);
  }
  agent.destroy();
  return {
    sent,
    seconds: (performance.now() - start) / 1000,
    answers,
    milliseconds: milliseconds.map((values) => Float64Array.from(values)),
    failures,
  };
}

/** The milliseconds of now make it another body than those of any load before. */
const NOW = Date.now();

function bodyOf({ bodies }: Asked, sent: number): Buffer | null {
  const body = bodies[sent % bodies.length];
  return body ? numbered(body, NOW + sent) : null;
}

function ask(
  agent: Agent,
  { url, method, headers }: Asked,
  body: Buffer | null,
): Promise<{ answer: string; text: string }> {
  return new Promise((resolve) => {
    const outgoing = request(url, {
      agent,
      method,
      headers: { ...headers, ...(body ? { 'Content-Length': body.length } : {}) },
    });
    const failed = (error: NodeJS.ErrnoException) =>
      resolve({ answer: error.code ?? 'error', text: error.message });
    outgoing.on('error', failed);
    outgoing.on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        if (text.length < 200) text += piece;
      });
      answer.on('error', failed);
      answer.on('end', () => resolve({ answer: String(answer.statusCode), text }));
    });
    outgoing.end(body);
  });
}
