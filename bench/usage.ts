import { readFile } from 'node:fs/promises';
import type { MlProcess } from '../models/runtime/jobs.ts';
import { createMlProcess } from '../models/runtime/process.ts';

/** What a living process has cost so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** The kernel's unit of time in /proc, whatever its own clock. */
const TICKS_PER_SECOND = 100;

/** CPU of all threads and peak resident set of a process. null where there is no /proc to ask. */
export async function usageOf(pid: number | undefined): Promise<Usage | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    // The program's name, in brackets, may hold spaces; user and system time are the 12th and 13th after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]);
    return { cpuSeconds: ticks / TICKS_PER_SECOND, peakRssBytes: peak * 1024 };
  } catch {
    return null;
  }
}

export interface Cost<T> extends Usage {
  readonly result: T;
  readonly wallSeconds: number;
}

/** Wall time from the start of a fresh ML process to the end of its work; CPU and memory of that process. */
export async function measured<T>(threads: number, work: (ml: MlProcess) => Promise<T>): Promise<Cost<T>> {
  const ml = createMlProcess({ name: 'bench', threads });
  try {
    const from = performance.now();
    const result = await work(ml);
    const wallSeconds = (performance.now() - from) / 1000;
    const usage = (await usageOf(ml.pid)) ?? { cpuSeconds: Number.NaN, peakRssBytes: Number.NaN };
    return { result, wallSeconds, ...usage };
  } finally {
    await ml.close();
  }
}
