import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const known = new Map<string, Promise<string>>();

/**
 * The hash of a module, of every module of the project that it imports (types aside: they change no result)
 * and of the installed versions of the packages that these import. Computed once a process: that is the
 * code that runs.
 */
export function codeHash(module: string): Promise<string> {
  let hash = known.get(module);
  if (!hash) {
    hash = compute(resolve(PROJECT, module));
    known.set(module, hash);
  }
  return hash;
}

async function compute(entry: string): Promise<string> {
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    const source = await readFile(file, 'utf8');
    files.set(file, source);
    for (const specifier of imports(source)) {
      if (specifier.startsWith('.')) open.push(resolve(dirname(file), specifier));
      else if (!specifier.startsWith('node:')) packages.add(packageName(specifier));
    }
  }
  const hash = createHash('sha256');
  for (const [file, source] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${relative(PROJECT, file)}\0${source}\0`);
  }
  for (const name of [...packages].sort()) hash.update(`${name}@${await installedVersion(name)}\0`);
  return hash.digest('hex');
}

/** Static and dynamic imports with a literal specifier, `import type` and `export type` left out. */
function imports(source: string): string[] {
  const statics = source.matchAll(/^\s*(?:import|export)\s+(?!type\b)[^'";]*?from\s*['"]([^'"]+)['"]/gm);
  const bare = source.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm);
  const dynamic = source.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  return [...statics, ...bare, ...dynamic].map((match) => match[1] as string);
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

async function installedVersion(name: string): Promise<string> {
  const manifest = await readFile(join(PROJECT, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
