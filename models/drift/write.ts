import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeWhole, sweepRemoved } from '../../data/remove.ts';
import { toSvg } from '../evaluation/charts/render.ts';
import { driftCharts } from './charts.ts';
import { driftMarkdown } from './markdown.ts';
import type { DriftReport } from './report.ts';
import type { Level } from './statistic.ts';

/** A week of checks, one an hour: some 20 MB. */
const KEPT = 168;
const STAGING = '.staging-';
const STAGING_MS = 3_600_000;

export interface WrittenReport {
  /** ISO 8601; names the folder. */
  readonly at: string;
  readonly bundle: string;
  readonly report: DriftReport;
}

/**
 * Writes report.json, report.md, report.fr.md and pictures as SVG to a folder below `root`, which is there whole or not at
 * all, and removes the oldest folders. The same report gives the same bytes.
 * @returns the folder
 */
export async function writeDriftReport(root: string, written: WrittenReport): Promise<string> {
  const staging = join(root, `${STAGING}${randomUUID()}`);
  const directory = join(root, nameOf(written.at));
  await mkdir(staging, { recursive: true });
  try {
    await fill(staging, written);
    // A check whose worker died after it had written is made again.
    await removeWhole(directory);
    await rename(staging, directory);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  await tidy(root);
  return directory;
}

/** What the newest report before this time came to, when it is about this bundle; else null. */
export async function lastLevel(root: string, bundle: string, at: string): Promise<Level | null> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const newest = namesOf(entries)
    .filter((name) => name < nameOf(at))
    .at(-1);
  if (newest === undefined) return null;
  const written: { bundle: string; level: Level } = JSON.parse(
    await readFile(join(root, newest, 'report.json'), 'utf8'),
  );
  return written.bundle === bundle ? written.level : null;
}

const nameOf = (at: string) => at.replaceAll(':', '-');

/** Folders of reports, the oldest first. */
function namesOf(entries: readonly Dirent[]): string[] {
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}

async function fill(folder: string, { at, bundle, report }: WrittenReport): Promise<void> {
  const charts = driftCharts(report);
  for (const [name, chart] of charts) await writeFile(join(folder, `${name}.svg`), await toSvg(chart));
  const pictures = [...charts.keys()];
  await writeFile(join(folder, 'report.md'), driftMarkdown(report, 'en', pictures));
  await writeFile(join(folder, 'report.fr.md'), driftMarkdown(report, 'fr', pictures));
  await writeFile(join(folder, 'report.json'), `${JSON.stringify({ at, bundle, ...report }, null, 2)}\n`);
}

async function tidy(root: string): Promise<void> {
  await sweepRemoved(root);
  const entries = await readdir(root, { withFileTypes: true });
  // A killed writer leaves its folder: an hour later nobody is at work in it.
  for (const { name } of entries.filter((entry) => entry.name.startsWith(STAGING))) {
    const folder = join(root, name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > STAGING_MS) await rm(folder, { recursive: true, force: true });
  }
  for (const name of namesOf(entries).slice(0, -KEPT)) await removeWhole(join(root, name));
}
