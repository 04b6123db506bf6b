import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT } from '../../config.ts';

/** Runs a program of node_modules on the project. @returns its exit code */
export function runTool(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(join(PROJECT, 'node_modules/.bin', name), args, { cwd: PROJECT, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
