import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRotatingFile } from '../../logging/rotating-file.ts';

describe('a log file that rotates', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etiquette-rotate-'));
    path = join(folder, 'api.log');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const line = (number: number) => `${JSON.stringify({ number, word: 'é'.repeat(number % 7) })}\n`;
  const numbersIn = async (name: string) =>
    (await readFile(join(folder, name), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text).number as number);

  it('never outgrows its bounds, and keeps the newest lines, each whole and once', async () => {
    const file = openRotatingFile(path, { bytes: 500, backups: 3 });
    for (let number = 0; number < 1000; number++) {
      file.write(line(number));
      if (number % 100 > 0) continue;
      const names = await readdir(folder);
      ok(names.length <= 4, names.join());
      for (const name of names) ok((await readFile(join(folder, name))).length <= 500);
    }
    file.close();
    deepEqual((await readdir(folder)).sort(), ['api.log', 'api.log.1', 'api.log.2', 'api.log.3']);
    const numbers: number[] = [];
    for (const name of ['api.log.3', 'api.log.2', 'api.log.1', 'api.log']) {
      numbers.push(...(await numbersIn(name)));
    }
    const first = numbers[0] ?? Number.NaN;
    deepEqual(
      numbers,
      Array.from({ length: 1000 - first }, (_, index) => first + index),
    );
    ok(numbers.length > 40, `${numbers.length} lines`);
  });

  it('goes on where an earlier process stopped, and counts what that one wrote', async () => {
    await writeFile(path, line(0));
    const file = openRotatingFile(path, { bytes: line(0).length + 1, backups: 1 });
    file.write(line(1));
    file.close();
    deepEqual([await numbersIn('api.log.1'), await numbersIn('api.log')], [[0], [1]]);
  });

  it('gives a line that is longer than a file one of its own', async () => {
    const file = openRotatingFile(path, { bytes: 10, backups: 1 });
    file.write('a\n');
    file.write(`${'b'.repeat(50)}\n`);
    file.write('c\n');
    file.close();
    equal(await readFile(path, 'utf8'), 'c\n');
    equal(await readFile(`${path}.1`, 'utf8'), `${'b'.repeat(50)}\n`);
  });

  it('has every line on disk as soon as it is written', async () => {
    const file = openRotatingFile(path, { bytes: 500, backups: 1 });
    file.write(line(0));
    equal(await readFile(path, 'utf8'), line(0));
    file.close();
  });
});
