import { strict as assert } from 'node:assert';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STATUS } from '../api/errors.ts';
import { PROJECT } from '../config.ts';

// docker/ names the variables of other programs; its scripts raise no code of their own.
const NOT_SOURCE = ['node_modules', 'test', 'bench', 'docker', 'var', 'docs', 'coverage', '.git'];
/** Codes of one word, where they are born; those of several words are known by their form anywhere. */
const ONE_WORD = /(?:new EtiquetteError\(\s*|\bcode: )'([A-Z]+)'/g;
const SEVERAL_WORDS = /'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g;
/** Written like codes, but names of other programs; the project's own variables are read from config.ts. */
const FOREIGN =
  /^(RESOURCE_|HPE_|TF_|TFJS_|CDN_STORAGE$|HTTPS?_PROXY$|ERR_|CSV_MAX_RECORD_SIZE$|WORKER_SHUTDOWN$|ETIQUETTE_|USE_EXISTING$)/;

async function sourceFiles(): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(PROJECT, { withFileTypes: true })) {
    if (NOT_SOURCE.includes(entry.name)) continue;
    const inside = entry.isDirectory() ? await readdir(join(PROJECT, entry.name), { recursive: true }) : [''];
    files.push(...inside.map((file) => join(PROJECT, entry.name, file)));
  }
  return files.filter((file) => /\.(ts|mts|mjs)$/.test(file));
}

async function codesInSource(): Promise<Map<string, string>> {
  const config = await readFile(join(PROJECT, 'config.ts'), 'utf8');
  const variables = new Set([...config.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map((match) => match[1]));
  const found = new Map<string, string>();
  for (const file of await sourceFiles()) {
    const source = await readFile(file, 'utf8');
    for (const pattern of [ONE_WORD, SEVERAL_WORDS]) {
      for (const [, code = ''] of source.matchAll(pattern)) {
        if (!variables.has(code) && !FOREIGN.test(code)) found.set(code, file);
      }
    }
  }
  return found;
}

describe('docs/errors.md', () => {
  let source: Map<string, string>;
  let documented: string[];
  before(async () => {
    source = await codesInSource();
    const page = await readFile(join(PROJECT, 'docs/errors.md'), 'utf8');
    documented = [...page.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((row) => row[1] ?? '');
  });

  it('explains every code that the source can raise', () => {
    assert.ok(source.size > 100, `only ${source.size} codes were found: has their form changed?`);
    assert.deepEqual(
      [...source].filter(([code]) => !documented.includes(code)),
      [],
    );
  });

  it('lists no code that is gone, and none twice', () => {
    assert.deepEqual(
      documented.filter((code, row) => !source.has(code) || documented.indexOf(code) !== row),
      [],
    );
  });

  it('gives every code of the API the status that it is answered with', async () => {
    const page = await readFile(join(PROJECT, 'docs/errors.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` \| (\d{3}) \|/gm)].map(
      ([, code = '', status]) => [code, Number(status)] as const,
    );
    // What the server refuses before the app sees it, and what nobody foresaw.
    const elsewhere = ['REQUEST_MALFORMED', 'EXPECTATION_FAILED', 'HEADERS_TOO_LARGE', 'INTERNAL'];
    assert.deepEqual(
      rows.filter(([code, status]) => STATUS[code] !== status && !elsewhere.includes(code)),
      [],
    );
    const withStatus = new Map(rows);
    // Those that commands have too stand in tables of their own, without a status; the API's section says which.
    const others = Object.keys(STATUS).filter((code) => !withStatus.has(code));
    const said = page.slice(page.indexOf('\n## API'), page.indexOf('\n## Bundles'));
    assert.deepEqual(
      others.filter((code) => !code.startsWith('BUNDLE_') && !said.includes(`\`${code}\``)),
      [],
    );
  });
});
