import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { problem } from './problem.mjs';
import { say } from './screen.mjs';

const BEAT_MS = 5_000;
const DEAD_AFTER_MS = 30_000;
const LONGEST_WAIT_MS = 30 * 60_000;

/**
 * Takes a lock that its holder keeps fresh, so that a killed holder is found out, in another container too.
 * @param {string} file
 * @returns {(() => void) | null} lets go of it; null when another process holds it
 */
export function tryLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  const id = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  if (!take(file, id)) {
    const holder = read(file);
    if (holder !== null && isDead(file, holder)) removeStale(file, holder);
    if (!take(file, id)) return null;
  }
  const beat = setInterval(() => touch(file), BEAT_MS);
  beat.unref();
  return () => {
    clearInterval(beat);
    if (read(file) === id) rmSync(file, { force: true });
  };
}

/**
 * Does `work` while no other process does it: two commands in one clone, or two clones with one cache.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, work) {
  const since = Date.now();
  let release = tryLock(file);
  if (!release) say('Another set-up is at work on this machine; waiting for it.');
  while (!release) {
    if (Date.now() - since > LONGEST_WAIT_MS) {
      throw problem('SETUP_LOCKED', `Another set-up holds ${file} for 30 minutes. Stop it, then try again.`);
    }
    await wait(300);
    release = tryLock(file);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

/** @param {string} file @param {string} id */
function take(file, id) {
  try {
    writeFileSync(file, id, { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** @param {string} file */
function touch(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // The folder was deleted under us; the work itself will say so.
  }
}

/** @param {string} file @param {string} holder */
function isDead(file, holder) {
  try {
    if (Date.now() - statSync(file).mtimeMs > DEAD_AFTER_MS) return true;
    const { pid, host } = JSON.parse(holder);
    if (host !== hostname()) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}

/**
 * Renamed, not deleted: when two wait for one dead holder, the later must not remove the earlier's new lock.
 * @param {string} file @param {string} holder
 */
function removeStale(file, holder) {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (read(aside) === holder) rmSync(aside, { force: true });
  else renameSync(aside, file);
}
