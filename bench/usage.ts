import { readFile } from 'node:fs/promises';

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
