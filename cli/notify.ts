import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { notificationOf } from '../activities/notification.ts';
import { postTo } from '../activities/webhook.ts';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';

const USAGE = `Usage: npm run notify -- test

Sends a test event to NOTIFY_URL, once, and says what came of it: 0 it was taken, 1 it was not. What is sent when, and how a
receiver checks it: docs/notifications.md.
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (positionals.join(' ') !== 'test') throw new EtiquetteError('USAGE', 'Write: npm run notify -- test.');
  const config = readConfig();
  if (!config.webhook) {
    throw new EtiquetteError('NOTIFY_OFF', 'Nobody is told: set NOTIFY_URL and NOTIFY_SECRET.');
  }
  const id = randomUUID();
  const notice = { type: 'notify.test', data: {} } as const;
  const at = new Date().toISOString();
  const body = JSON.stringify(notificationOf({ id, at, notice, run: null, mlflow: null }, config));
  const status = await postTo(config.webhook, { id, body }, config.RELEASE, new AbortController().signal);
  process.stdout.write(`${new URL(config.webhook.url).host} answered ${status} to ${id}.\n`);
  return 0;
}
