/**
 * Runs a program that knows nothing of us and stops it when the parent is gone, even by kill -9: then the
 * channel to the parent closes. `node guardian.mjs PROGRAM args...`, started with an IPC channel.
 */
import { spawn } from 'node:child_process';

const PATIENCE_MS = 10_000;

const [program = '', ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });

let stopping = false;
const stop = () => {
  if (stopping) return;
  stopping = true;
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS).unref();
};
process.on('disconnect', stop);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code) => process.exit(stopping ? 0 : (code ?? 1)));
