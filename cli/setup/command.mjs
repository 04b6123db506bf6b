import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
const INTERRUPTED = 130;

/**
 * The path of a program on PATH, or null.
 * @param {string} name
 */
export function onPath(name) {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(directory || '.', name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/**
 * Whether a quick command succeeds, and what it prints.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {string | null} its standard output, or null when it fails
 */
export function ask(command, args) {
  const answer = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
  return answer.status === 0 ? answer.stdout : null;
}

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, minutes: number, show?: boolean }} options
 *   `show` lets it write to the terminal; otherwise its words come back
 * @returns {Promise<{ ok: boolean, output: string }>} `output` is the end of what it said
 */
export function runCommand(command, args, { cwd, env, minutes, show = false }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...(cwd ? { cwd } : {}),
      env: { ...process.env, ...env },
      stdio: ['ignore', show ? 2 : 'pipe', show ? 2 : 'pipe'],
    });
    let output = '';
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const limit = setTimeout(() => child.kill('SIGKILL'), minutes * 60_000);
    /** @param {NodeJS.Signals} signal */
    const passOn = (signal) => {
      child.kill(signal);
      process.exit(INTERRUPTED);
    };
    for (const signal of SIGNALS) process.on(signal, passOn);
    /** @param {{ ok: boolean, output: string }} result */
    const end = (result) => {
      clearTimeout(limit);
      for (const signal of SIGNALS) process.off(signal, passOn);
      resolve(result);
    };
    child.on('error', (error) => end({ ok: false, output: error.message }));
    child.on('close', (code) => end({ ok: code === 0, output: output.trim() }));
  });
}
