import { deepEqual, doesNotMatch, equal, match, ok, rejects } from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createNotify } from '../../activities/notify.ts';
import { postTo, type Webhook } from '../../activities/webhook.ts';
import { readConfig } from '../../config.ts';
import { EtiquetteError } from '../../errors.ts';
import type { NotifyInput } from '../../temporal/notices.ts';
import { type Receiver, receiveWebhooks, SECRET } from '../support/webhook-receiver.ts';

const rejected: NotifyInput = {
  id: 'a-delivery',
  at: '2026-01-02T03:04:05.000Z',
  notice: {
    type: 'run.finished',
    data: {
      outcome: 'rejected',
      reason: 'Worse than the champion.',
      bundle: 'b'.repeat(16),
      datasetVersion: 'd'.repeat(16),
      weightedF1: 0.71,
    },
  },
  run: { workflowId: 'train-and-deploy', runId: 'run-1' },
  mlflow: 'http://127.0.0.1:5000/#/experiments/1/runs/2',
};

let receiver: Receiver | undefined;
afterEach(async () => {
  await receiver?.close();
  receiver = undefined;
});
const receive = async (...how: Parameters<typeof receiveWebhooks>) => {
  receiver = await receiveWebhooks(...how);
  return receiver;
};

describe('the activity notify', () => {
  const told = (env: NodeJS.ProcessEnv, input = rejected) =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(
      createNotify({ config: readConfig(env) } as ActivityDeps),
      input,
    );
  const failure = (env: NodeJS.ProcessEnv) =>
    told(env).then(
      () => Promise.reject(new Error('it should have failed')),
      (error: unknown) => {
        ok(error instanceof ApplicationFailure, String(error));
        return error;
      },
    );

  it('posts what happened, signed, with words and links', async () => {
    const { url, got } = await receive();
    deepEqual(await told({ NOTIFY_URL: url, NOTIFY_SECRET: SECRET, TEMPORAL_UI_PORT: '8233' }), {
      status: 204,
    });
    const [delivery] = await got(1);
    equal(delivery?.id, 'a-delivery');
    equal(delivery?.headers['content-type'], 'application/json');
    deepEqual(delivery?.message, {
      type: 'run.finished',
      timestamp: '2026-01-02T03:04:05.000Z',
      text: `Étiquette: the training made the bundle ${'b'.repeat(16)} (weighted F1 0.710), which does not serve. Worse than the champion.\n${delivery?.message?.data.links.temporal}`,
      data: {
        ...rejected.notice.data,
        workflowId: 'train-and-deploy',
        runId: 'run-1',
        links: {
          temporal: 'http://127.0.0.1:8233/namespaces/default/workflows/train-and-deploy/run-1/history',
          mlflow: 'http://127.0.0.1:5000/#/experiments/1/runs/2',
        },
      },
    });
    deepEqual(JSON.parse(delivery?.body ?? ''), delivery?.message, 'nothing but what the schema has');
  });

  it('is refused by a receiver that has another secret, and is not tried again', async () => {
    const { url, received } = await receive();
    const other = Buffer.alloc(32, 8).toString('base64');
    const { type, nonRetryable, message } = await failure({ NOTIFY_URL: url, NOTIFY_SECRET: other });
    deepEqual([type, nonRetryable, received.length], ['NOTIFY_REFUSED', true, 1]);
    match(message, /^127\.0\.0\.1:\d+ answers 401/);
  });

  it('leaves what is behind the host out of errors: it may be a secret', async () => {
    const { url } = await receive((response) => response.writeHead(500).end('oh no'));
    const { message } = await failure({ NOTIFY_URL: url, NOTIFY_SECRET: SECRET });
    match(message, /answers 500 to a notification: oh no\.$/);
    doesNotMatch(message, /hook|token/);
  });

  it('leaves it out too where the receiver quotes it', async () => {
    for (const words of ['Cannot POST /hook?token=part-of-the-secret', 'bad token "part-of-the-secret"']) {
      const { url, close } = await receive((response) => response.writeHead(404).end(words));
      const { message } = await failure({ NOTIFY_URL: url, NOTIFY_SECRET: SECRET });
      match(message, /answers 404 to a notification: (Cannot POST|bad token)/);
      doesNotMatch(message, /part-of-the-secret/);
      await close();
    }
  });

  it('is tried again when the receiver wants to be asked again', async () => {
    const { url } = await receive((response) => response.writeHead(429, { 'retry-after': '120' }).end());
    const { nonRetryable, nextRetryDelay } = await failure({ NOTIFY_URL: url, NOTIFY_SECRET: SECRET });
    deepEqual([nonRetryable, nextRetryDelay], [false, 120_000]);
  });

  it('says so when there is nobody to tell', async () => {
    const { type, nonRetryable } = await failure({});
    deepEqual([type, nonRetryable], ['NOTIFY_OFF', true]);
  });

  it('cuts a long reason: the link has the rest', async () => {
    const { url, got } = await receive();
    const notice = { type: 'run.failed', data: { stage: 'validate', code: 'X', reason: 'é'.repeat(50_000) } };
    await told(
      { NOTIFY_URL: url, NOTIFY_SECRET: SECRET },
      { ...rejected, notice: notice as NotifyInput['notice'] },
    );
    const [delivery] = await got(1);
    ok(Buffer.byteLength(delivery?.body ?? '') < 20_000);
  });
});

describe('a webhook', () => {
  const signal = new AbortController().signal;
  const post = (webhook: Webhook, answerWithinMs?: number) =>
    postTo(webhook, { id: 'a-delivery', body: '{}' }, '1.2.3', signal, answerWithinMs);
  const refused = (code: string, retryable: boolean, words: RegExp) => (error: unknown) => {
    ok(error instanceof EtiquetteError, String(error));
    deepEqual([error.code, error.retryable], [code, retryable]);
    match(error.message, words);
    return true;
  };

  for (const [status, later] of [
    [400, false],
    [404, false],
    [408, true],
    [410, false],
    [429, true],
    [500, true],
    [503, true],
  ] as const) {
    it(`that answers ${status} is ${later ? '' : 'not '}worth another try`, async () => {
      const { url } = await receive((response) => response.writeHead(status).end());
      await rejects(
        post({ url, secret: SECRET }),
        refused('NOTIFY_REFUSED', later, new RegExp(`answers ${status}`)),
      );
    });
  }

  it('that redirects is not followed', async () => {
    const { url, received } = await receive((response) =>
      response.writeHead(307, { location: '/other' }).end(),
    );
    await rejects(post({ url, secret: SECRET }), refused('NOTIFY_REFUSED', false, /307.*Set NOTIFY_URL/));
    equal(received.length, 1);
  });

  it('that never answers is given up', async () => {
    const { url } = await receive(() => {});
    await rejects(
      post({ url, secret: SECRET }, 50),
      refused('NOTIFY_UNREACHABLE', true, /does not answer within 0\.05 s/),
    );
  });

  it('whose answer never ends is read no further than its first words', async () => {
    let closed = () => {};
    const ended = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { url } = await receive((response) => {
      response.writeHead(500).once('close', closed);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    await rejects(post({ url, secret: SECRET }), refused('NOTIFY_REFUSED', true, /: x{200}\.$/));
    await ended;
  });

  it('that takes it need not end its answer', async () => {
    const { url } = await receive((response) => response.writeHead(200).write('thank you, and'));
    equal(await post({ url, secret: SECRET }), 200);
  });

  it('where nobody listens is worth another try', async () => {
    const { url, close } = await receive();
    await close();
    await rejects(post({ url, secret: SECRET }), refused('NOTIFY_UNREACHABLE', true, /ECONNREFUSED/));
  });
});

describe('the configuration of notifications', () => {
  const config = (env: NodeJS.ProcessEnv) => readConfig({ NOTIFY_SECRET: SECRET, ...env });

  it('has nobody to tell by default', () => {
    equal(readConfig({}).webhook, null);
  });

  it('takes https, and plain http on this machine', () => {
    for (const url of [
      'https://hooks.example/a',
      'http://127.0.0.1:9000/',
      'http://localhost/',
      'http://[::1]/',
    ]) {
      deepEqual(config({ NOTIFY_URL: url }).webhook, { url, secret: SECRET });
    }
  });

  it('takes plain http elsewhere only when it is allowed', () => {
    const NOTIFY_URL = 'http://hooks.example/';
    ok(config({ NOTIFY_URL, NOTIFY_ALLOW_HTTP: 'true' }).webhook);
    for (const url of [
      NOTIFY_URL,
      'HTTP://hooks.example/',
      'http://127.0.0.1.example/',
      'http://localhost.example/',
    ]) {
      throwsConfig({ NOTIFY_URL: url }, /NOTIFY_URL: must be https/);
    }
  });

  it('says so when the address is none', () => {
    for (const url of ['http://', 'hooks.example', 'ftp://hooks.example/']) {
      throwsConfig({ NOTIFY_URL: url }, /NOTIFY_URL: must be the http\(s\) address of a webhook/);
    }
  });

  it('takes no name or password in the address', () => {
    throwsConfig({ NOTIFY_URL: 'https://me:pass@hooks.example/' }, /NOTIFY_URL: must not hold/);
  });

  it('needs a secret of at least 24 random bytes', () => {
    const NOTIFY_URL = 'https://hooks.example/';
    throwsConfig({ NOTIFY_URL, NOTIFY_SECRET: '' }, /NOTIFY_SECRET: is needed/);
    for (const secret of [
      'short',
      Buffer.alloc(23).toString('base64'),
      'not in base64, but long enough for it',
    ]) {
      throwsConfig({ NOTIFY_URL, NOTIFY_SECRET: secret }, /NOTIFY_SECRET: must be 24 to 64 random bytes/);
    }
  });

  function throwsConfig(env: NodeJS.ProcessEnv, words: RegExp) {
    try {
      config(env);
    } catch (error) {
      match(String(error), words);
      return;
    }
    throw new Error(`taken: ${JSON.stringify(env)}`);
  }
});
