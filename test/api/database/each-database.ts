import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseAddress, openDatabase } from '../../../api/database/open.ts';
import type { Database } from '../../../api/database/schema.ts';
import { realPostgres } from '../../support/postgres.ts';
import { skip } from '../../support/skip.ts';

/** What a test gets: a new and empty database before each test, gone after it. */
export interface TestedDatabase {
  readonly address: DatabaseAddress;
  readonly database: Database;
}

/**
 * Describes the same promises of SQLite and of PostgreSQL.
 * @example
 * eachDatabase('the record of predictions', (tested) => {
 *   it('is empty', async () => assert.deepEqual(await createPredictions(tested.database).bundles(), []));
 * });
 */
export function eachDatabase(what: string, promises: (tested: TestedDatabase) => void): void {
  describe(`${what}, in SQLite`, () => {
    let directory: string;
    const address = async () => {
      directory = await mkdtemp(join(tmpdir(), 'etiquette-database-'));
      return { file: join(directory, 'etiquette.db') };
    };
    withDatabase(address, promises);
    afterEach(() => rm(directory, { recursive: true }));
  });
  describe(`${what}, in PostgreSQL`, () => {
    before(async function () {
      if (!(await realPostgres())) skip(this, 'no PostgreSQL server: apt-get install postgresql');
    });
    withDatabase(async () => {
      const server = await realPostgres();
      if (!server) throw new Error('no PostgreSQL server');
      return server.database();
    }, promises);
  });
}

function withDatabase(
  newAddress: () => Promise<DatabaseAddress>,
  promises: (tested: TestedDatabase) => void,
): void {
  let address: DatabaseAddress;
  let database: Database;
  beforeEach(async () => {
    address = await newAddress();
    database = await openDatabase(address);
  });
  afterEach(() => database.destroy());
  promises({
    get address() {
      return address;
    },
    get database() {
      return database;
    },
  });
}
