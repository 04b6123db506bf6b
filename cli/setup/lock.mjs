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
 * Does `work` while no other process does it: two commands in one clone, or two clones with one cache.
 * The holder touches the file, so a killed one is found out, in another container too.
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true });
  const id = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  const since = Date.now();
  let told = false;
  while (!take(file, id)) {
    const holder = read(file);
    if (holder !== null && isDead(file, holder)) {
      removeStale(file, holder);
      continue;
    }
    if (!told) say('Another set-up is at work on this machine; waiting for it.');
    told = true;
    if (Date.now() - since > LONGEST_WAIT_MS) {
      throw problem('SETUP_LOCKED', `Another set-up holds ${file} for 30 minutes. Stop it, then try again.`);
    }
    await wait(300);
  }
  const beat = setInterval(() => touch(file), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (read(file) === id) rmSync(file, { force: true });
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
