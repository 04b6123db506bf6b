import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DatabaseAddress, openDatabase } from '../../../api/database/open.ts';
import { createPredictions } from '../../../api/database/predictions.ts';
import { createUsers } from '../../../api/users/users.ts';
import { PROJECT, readConfig } from '../../../config.ts';
import { type PostgresUnderTest, realPostgres } from '../../support/postgres.ts';
import { skip } from '../../support/skip.ts';

/** Processes that all open the databases when all of them are ready to. */
async function openAtOnce(addresses: readonly DatabaseAddress[], processes: number): Promise<string[]> {
  const children = Array.from({ length: processes }, () =>
    fork(join(PROJECT, 'test/api/database/fixture-open.ts'), [JSON.stringify(addresses)], {
      execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
    }),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const answers = children.map(async (child) => String((await once(child, 'message'))[0]));
  for (const child of children) child.send('open');
  return Promise.all(answers);
}

describe('the database in a file', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-open-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is made once by processes that start at the same time', async () => {
    // Many, so that they meet in some.
    const files = Array.from({ length: 40 }, (_, n) => ({ file: join(directory, `${n}.db`) }));
    const answers = await openAtOnce(files, 3);
    assert.deepEqual(answers, ['opened', 'opened', 'opened']);
  });

  it('is refused when it is no database, with what to do', async () => {
    const file = join(directory, 'broken.db');
    const words = 'these words are no database, and they are long enough to be read as its header';
    await writeFile(file, words.repeat(99));
    await assert.rejects(openDatabase({ file }), {
      code: 'DATABASE_UNUSABLE',
      message: /Restore it from a backup/,
    });
  });
});

describe('the database in PostgreSQL', () => {
  let postgres: PostgresUnderTest;
  before(async function () {
    const found = await realPostgres();
    if (!found) skip(this, 'no PostgreSQL server: apt-get install postgresql');
    postgres = found;
  });

  it('gets its tables once from processes that start at the same time', async () => {
    const addresses = await Promise.all([1, 2, 3, 4, 5].map(() => postgres.database()));
    assert.deepEqual(await openAtOnce(addresses, 3), ['opened', 'opened', 'opened']);
  });

  it('is refused with the wrong password or a database that is not there, without telling the password', async () => {
    const address = await postgres.database();
    const password = 'not the password';
    for (const wrong of [
      { ...address, password },
      { ...address, password: undefined },
      { ...address, url: `${address.url}_not` },
    ]) {
      await assert.rejects(openDatabase(wrong), (error: Error & { code: string }) => {
        assert.deepEqual([error.code, /DATABASE_URL/.test(error.message)], ['DATABASE_UNUSABLE', true]);
        for (const secret of [password, address.password ?? '']) {
          assert.equal(error.message.includes(secret), false, error.message);
        }
        return true;
      });
    }
  });

  it('is unavailable while its server is away, and there again with it', async () => {
    const database = await openDatabase(await postgres.database());
    try {
      const predictions = createPredictions(database);
      const unavailable = { code: 'DATABASE_UNAVAILABLE', retryable: true };
      await postgres.stop();
      await assert.rejects(predictions.bundles(), unavailable);
      await assert.rejects(predictions.bundles(), unavailable);
      await assert.rejects(
        createUsers(database, () => new Date()).authenticate('ada', 'a', 'b'),
        unavailable,
      );
      await postgres.start();
      assert.deepEqual(await predictions.bundles(), []);
    } finally {
      await database.destroy();
    }
  });
});

describe('DATABASE_URL', () => {
  it('names the database, and DATABASE_PASSWORD its password', () => {
    const DATABASE_URL = 'postgres://etiquette@db.example:5432/etiquette?sslmode=verify-full';
    const { database } = readConfig({ DATABASE_URL, DATABASE_PASSWORD: 'secret' });
    assert.deepEqual(database, { url: DATABASE_URL, password: 'secret' });
    assert.deepEqual(readConfig({ VAR_DIR: '/data' }).database, { file: '/data/etiquette.db' });
  });

  for (const [what, url] of [
    ['another database', 'mysql://etiquette@127.0.0.1/etiquette'],
    ['a password', 'postgres://etiquette:secret@127.0.0.1/etiquette'],
    ['a password in its query', 'postgres://etiquette@127.0.0.1/etiquette?password=secret'],
  ] as const) {
    it(`is refused with ${what}`, () => {
      assert.throws(
        () => readConfig({ DATABASE_URL: url }),
        (error: Error & { code: string }) => {
          assert.match(error.message, /DATABASE_URL/);
          return error.code === 'CONFIG_INVALID' && !error.message.includes('secret');
        },
      );
    });
  }
});
