import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { registerSearchAttributes } from '../../temporal/register.ts';
import { SEARCH_ATTRIBUTES } from '../../temporal/search-attributes.ts';
import { freePort, type Server, startTemporal } from '../support/servers.ts';
import { skip } from '../support/skip.ts';

describe('the search attributes of a namespace that an earlier release made', () => {
  let directory: string;
  let server: Server;
  let connection: NativeConnection;
  const namespace = 'default';

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    directory = await mkdtemp(join(tmpdir(), 'etiquette-register-'));
    const address = `127.0.0.1:${await freePort()}`;
    server = await startTemporal({ address, uiPort: await freePort(), directory });
    connection = await NativeConnection.connect({ address });
  });
  after(async () => {
    await connection?.close();
    await server?.stop();
    if (directory) await rm(directory, { recursive: true });
  });

  const known = async () => {
    const answer = await connection.operatorService.listSearchAttributes({ namespace });
    return Object.keys(answer.customAttributes);
  };

  it('are completed, and then left alone', async () => {
    const names = Object.keys(SEARCH_ATTRIBUTES);
    await connection.operatorService.removeSearchAttributes({
      namespace,
      searchAttributes: [names.at(-1) ?? ''],
    });
    assert.ok(!(await known()).includes(names.at(-1) ?? ''));
    await registerSearchAttributes(connection, namespace);
    await registerSearchAttributes(connection, namespace);
    const found = await known();
    assert.deepEqual(
      names.filter((name) => !found.includes(name)),
      [],
    );
  });
});
