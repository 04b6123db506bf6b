import { deepEqual, equal } from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { notificationOf } from '../../activities/notification.ts';
import { sign } from '../../activities/webhook.ts';
import { PROJECT, readConfig } from '../../config.ts';
import { type Notice, notification } from '../../temporal/notices.ts';

describe('docs/notifications.md', () => {
  let page: string;
  const block = (language: string) =>
    new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)?.[1] ?? `no ${language}`;
  before(async () => {
    page = await readFile(join(PROJECT, 'docs/notifications.md'), 'utf8');
  });

  it('names every type and every field of it', () => {
    const rows = new Map([...page.matchAll(/^\| `([\w.]+)` \|(.*)$/gm)].map(([, type, row]) => [type, row]));
    for (const { shape } of notification.options) {
      const own = Object.keys(shape.data.shape).filter(
        (name) => !['workflowId', 'runId', 'links'].includes(name),
      );
      const row = rows.get(shape.type.value) ?? '';
      deepEqual(
        own.filter((name) => !row.includes(`\`${name}\``)),
        [],
        shape.type.value,
      );
    }
    equal(rows.size - 1, notification.options.length, 'one row a type, and the heading');
  });

  it('shows a notification as it is sent', () => {
    const shown = notification.parse(JSON.parse(block('json')));
    if (shown.type !== 'run.finished') throw new Error(shown.type);
    const { workflowId, runId, links, ...data } = shown.data;
    const sent = notificationOf(
      {
        id: 'any',
        at: shown.timestamp,
        notice: { type: shown.type, data } as Notice,
        run: { workflowId: `${workflowId}`, runId: `${runId}` },
        mlflow: links.mlflow,
      },
      readConfig({}),
    );
    deepEqual(sent, shown);
  });

  it('has the JSON Schema beside it', async () => {
    const schema = JSON.parse(await readFile(join(PROJECT, 'docs/notifications.schema.json'), 'utf8'));
    deepEqual(schema, JSON.parse(JSON.stringify(z.toJSONSchema(notification, { io: 'input' }))));
  });

  it('has a receiver that takes what is ours, and nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etiquette-receiver-'));
    const before = process.env.NOTIFY_SECRET;
    try {
      const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
      process.env.NOTIFY_SECRET = secret;
      const file = join(folder, 'receiver.mjs');
      await writeFile(file, block('js'));
      const { isFromEtiquette } = await import(file);
      const now = new Date();
      const headers = sign({ secret }, { id: 'one', body: '{}' }, now);
      const late = now.getTime() + 301_000;
      const other = sign({ secret: Buffer.alloc(32, 2).toString('base64') }, { id: 'one', body: '{}' }, now);
      deepEqual(
        [
          isFromEtiquette(headers, '{}'),
          isFromEtiquette(headers, '{ }'),
          isFromEtiquette({ ...headers, 'webhook-id': 'two' }, '{}'),
          isFromEtiquette(headers, '{}', late),
          isFromEtiquette(other, '{}'),
          isFromEtiquette({ ...headers, 'webhook-signature': 'v1,' }, '{}'),
          isFromEtiquette({}, '{}'),
        ],
        [true, false, false, false, false, false, false],
      );
    } finally {
      if (before === undefined) delete process.env.NOTIFY_SECRET;
      else process.env.NOTIFY_SECRET = before;
      await rm(folder, { recursive: true });
    }
  });
});
