import { readdir, readFile, writeFile } from 'node:fs/promises';

/** What a server costs, with every process that it started. */
export interface TreeUsage {
  /** User and system time so far, of processes that have ended and were waited for too. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The sum of each process's largest resident set since `resetPeaks`; at least what all held at one time. */
  readonly peakBytes: number;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly cpuSeconds: number;
}

const TICKS_PER_SECOND = 100;

/** The usage of several processes and their descendants. NaN where there is no /proc to ask. */
export async function treeUsage(roots: readonly number[]): Promise<TreeUsage> {
  const processes = await descendants(roots);
  if (processes.length === 0)
    return { cpuSeconds: Number.NaN, residentBytes: Number.NaN, peakBytes: Number.NaN };
  const memory = await Promise.all(processes.map(({ pid }) => memoryOf(pid)));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    cpuSeconds: sum(processes.map(({ cpuSeconds }) => cpuSeconds)),
    residentBytes: sum(memory.map(({ resident }) => resident)),
    peakBytes: sum(memory.map(({ peak }) => peak)),
  };
}

/** From now on a process's peak is what it holds from now on. */
export async function resetPeaks(roots: readonly number[]): Promise<void> {
  const processes = await descendants(roots);
  await Promise.all(processes.map(({ pid }) => writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {})));
}

/** The processes whose command line has `part`, of those that `root` started. */
export async function descendantsWith(root: number, part: string): Promise<number[]> {
  const found: number[] = [];
  for (const { pid } of await descendants([root])) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (pid !== root && command.includes(part)) found.push(pid);
  }
  return found;
}

async function descendants(roots: readonly number[]): Promise<Process[]> {
  const names = await readdir('/proc').catch(() => []);
  const all = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readProcess));
  const found: Process[] = [];
  let parents = new Set(roots);
  for (const one of all) if (one && parents.has(one.pid)) found.push(one);
  while (parents.size > 0) {
    const children = all.filter((one): one is Process => one !== null && parents.has(one.parent));
    found.push(...children);
    parents = new Set(children.map(({ pid }) => pid));
  }
  return found;
}

async function readProcess(pid: string): Promise<Process | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat === null ? null : parseStat(stat);
}

/** @param stat the content of /proc/PID/stat */
export function parseStat(stat: string): Process {
  // The program's name, in brackets, may hold spaces and brackets.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, ticks] = [fields[1], fields.slice(11, 15).reduce((total, value) => total + value, 0)];
  return { pid: Number.parseInt(stat, 10), parent, cpuSeconds: ticks / TICKS_PER_SECOND };
}

/** Nothing where the process has ended meanwhile. */
async function memoryOf(pid: number): Promise<{ resident: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { resident: bytes('VmRSS'), peak: bytes('VmHWM') };
}
