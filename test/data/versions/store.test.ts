import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dvc as dvcCommand } from '../../../cli/setup/dvc.mjs';
import { s3Server } from '../../../cli/setup/s3-server.mjs';
import type { SourceFile } from '../../../data/versions/content.ts';
import type { DvcRemote } from '../../../data/versions/dvc.ts';
import { createVersionStore, type NewVersion, type VersionStore } from '../../../data/versions/store.ts';
import { S3_KEYS, startS3 } from '../../support/s3.ts';
import { freePort, type Server } from '../../support/servers.ts';
import { skip } from '../../support/skip.ts';
import { until } from '../../support/training.ts';

const signal = new AbortController().signal;
const FIRST = 'a'.repeat(16);
const SECOND = 'b'.repeat(16);

describe('versions of data and models', function () {
  this.timeout(180_000);
  let folder: string;
  /** DVC's empty repository: making one takes a second. That the store makes it is shown with the activities. */
  let template: string;
  before(async function () {
    const [python, ...call] = dvcCommand() ?? skip(this, 'no DVC: run npm run setup');
    template = await mkdtemp(join(tmpdir(), 'etiquette-versions-'));
    const env = { ...process.env, DVC_NO_ANALYTICS: '1', DVC_SITE_CACHE_DIR: join(template, 'init') };
    await promisify(execFile)(python, [...call, 'init', '--no-scm'], { cwd: template, env });
  });
  after(() => template && rm(template, { recursive: true }));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etiquette-versions-'));
    await cp(template, join(folder, 'dvc'), { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function store(remote: Partial<DvcRemote> = {}, command = dvcCommand()): VersionStore {
    const defaults = { url: join(folder, 'remote'), endpoint: undefined };
    const keys = { accessKeyId: undefined, secretAccessKey: undefined };
    return createVersionStore({
      command,
      directory: join(folder, 'dvc'),
      remote: { ...defaults, ...keys, ...remote },
    });
  }

  /** A table and a folder with two pictures; `mark` makes another content. */
  async function version(
    name: string,
    mark: string,
  ): Promise<NewVersion & { contents: Record<string, string> }> {
    const source = join(folder, 'source');
    await mkdir(source, { recursive: true });
    const contents: Record<string, string> = {
      'X_train.csv': `row,${mark}\n`,
      'images/image_train/1.jpg': 'the same picture',
      'images/image_train/2.jpg': `picture ${mark}`,
    };
    const files = [];
    for (const [place, [path, content]] of Object.entries(contents).entries()) {
      await writeFile(join(source, `${place}`), content);
      files.push({ path, source: join(source, `${place}`) });
    }
    const from = { catalogueHash: 'c0ffee', datasetVersion: null, bundle: null };
    return { version: name, kind: 'dataset', from, workflowId: 'train', runId: 'r', files, contents };
  }

  async function keep(where: VersionStore, what: NewVersion): Promise<void> {
    await where.add(what, signal);
    await where.push(what.version, signal);
  }

  /** What a folder holds: path -> content. */
  const contentsOf = (root: string) =>
    Object.fromEntries(
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((path) => statSync(join(root, path)).isFile())
        .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
    );
  const forgetCache = () => rm(join(folder, 'dvc/.dvc/cache'), { recursive: true });

  describe('with a folder as remote', () => {
    it('come back byte for byte, the earlier one too, whatever became of the files that they were made of', async () => {
      const versions = store();
      const first = await version(FIRST, 'one');
      await versions.add(first, signal);
      // In place, as an editor would: a linked file would change in the cache too.
      for (const { source } of first.files) await writeFile(source, 'changed', { flag: 'r+' });
      await versions.push(FIRST, signal);
      const second = await version(SECOND, 'two');
      await keep(versions, second);
      await forgetCache();
      await versions.pull(FIRST, join(folder, 'back/first'), signal);
      await versions.pull(SECOND, join(folder, 'back/second'), signal);
      deepEqual(contentsOf(join(folder, 'back/first')), first.contents);
      deepEqual(contentsOf(join(folder, 'back/second')), second.contents);
    });

    it('leave pointers that say what they belong to, and are added and pushed once: a second time changes nothing', async () => {
      const versions = store();
      const first = await version(FIRST, 'one');
      deepEqual(await versions.add(first, signal), { reused: false });
      const pointers = contentsOf(join(folder, 'dvc/versions', FIRST));
      deepEqual(Object.keys(pointers).sort(), ['X_train.csv.dvc', 'images.dvc']);
      const known = await versions.find(FIRST);
      for (const { path, md5 } of known!.outputs) {
        const pointer = pointers[`${path}.dvc`]!;
        ok(pointer.includes(md5), `${path}: ${md5}`);
        match(pointer, /kind: 'dataset'\n {2}version: 'a{16}'\n {2}catalogue: 'c0ffee'/);
      }
      deepEqual(
        known!.outputs.map(({ path, files }) => [path, files]),
        [
          ['X_train.csv', 1],
          ['images', 2],
        ],
      );
      deepEqual(
        (await versions.pending()).map(({ version: name }) => name),
        [FIRST],
      );
      deepEqual(await versions.push(FIRST, signal), { reused: false });
      const record = await readFile(join(folder, 'dvc/versions', `${FIRST}.json`), 'utf8');
      deepEqual(await versions.add(first, signal), { reused: true });
      deepEqual(await versions.push(FIRST, signal), { reused: true });
      equal(await readFile(join(folder, 'dvc/versions', `${FIRST}.json`), 'utf8'), record);
      deepEqual(await versions.pending(), []);
      // Another remote does not have them.
      equal((await store({ url: join(folder, 'other') }).pending()).length, 1);
    });

    it('are refused when a file is not what it was when it was read', async () => {
      const versions = store();
      const { files, ...first } = await version(FIRST, 'one');
      const wrong = files.map((file) => ({ ...file, sha256: '0'.repeat(64) }));
      await rejects(versions.add({ ...first, files: wrong }, signal), { code: 'VERSION_SOURCE_CHANGED' });
      deepEqual(await versions.list(), []);
    });

    it('come back only whole and unharmed, into a folder that holds nothing else', async () => {
      const versions = store();
      await keep(versions, await version(FIRST, 'one'));
      const back = join(folder, 'back');
      await mkdir(back);
      await versions.pull(FIRST, back, signal);
      await versions.pull(FIRST, back, signal);
      await writeFile(join(back, 'X_train.csv'), 'edited');
      await rejects(versions.pull(FIRST, back, signal), { code: 'FOLDER_NOT_EMPTY' });
      equal(await readFile(join(back, 'X_train.csv'), 'utf8'), 'edited');
      await rejects(versions.pull('c'.repeat(16), back, signal), { code: 'VERSION_UNKNOWN' });
      await rejects(versions.pull('../../etc/passwd', back, signal), { code: 'VERSION_UNKNOWN' });

      const [record] = await versions.list();
      const { md5 } = record!.outputs[0]!;
      const tamper = async (place: string) => {
        const object = join(folder, place, md5.slice(0, 2), md5.slice(2));
        await rm(object);
        // Protected as DVC leaves its own files, which it does not hash again.
        await writeFile(object, 'row,bad\n', { mode: 0o444 });
      };
      await rm(back, { recursive: true });
      await tamper('dvc/.dvc/cache/files/md5');
      await rejects(versions.pull(FIRST, back, signal), { code: 'VERSION_DAMAGED', message: /X_train\.csv/ });
      // Gone altogether, DVC itself finds that out.
      await forgetCache();
      await rm(join(folder, 'remote'), { recursive: true });
      await rejects(versions.pull(FIRST, back, signal), { code: 'DVC_DATA_MISSING' });
      ok(!existsSync(back));
    });

    it('stop when told to', async () => {
      const stop = new AbortController();
      const adding = store().add(await version(FIRST, 'one'), stop.signal);
      await until(() => existsSync(join(folder, 'dvc/site')), 'DVC to be at work');
      stop.abort();
      await rejects(adding, { name: 'AbortError' });
      deepEqual(await store().list(), []);
    });

    it('say how to install DVC where it is missing', async () => {
      const without = createVersionStore({
        command: null,
        directory: join(folder, 'dvc'),
        remote: { url: '/r', endpoint: undefined, accessKeyId: undefined, secretAccessKey: undefined },
      });
      await rejects(without.add(await version(FIRST, 'one'), signal), { code: 'DVC_MISSING' });
    });
  });

  describe('with S3 as remote', () => {
    let server: Server;
    let remote: DvcRemote;
    let start: () => Promise<Server>;
    before(function () {
      if (!s3Server()) skip(this, 'no S3 server: run npm run setup');
    });
    beforeEach(async () => {
      const port = await freePort();
      remote = { url: 's3://kept/here', endpoint: `http://127.0.0.1:${port}`, ...S3_KEYS };
      start = () => startS3({ directory: join(folder, 's3'), port, bucket: 'kept' });
      server = await start();
    });
    afterEach(() => server.stop('SIGKILL'));

    it('refuse wrong keys in words, without the secret, and take the right ones', async () => {
      const first = await version(FIRST, 'one');
      const wrong = store({ ...remote, secretAccessKey: 'a-wrong-secret' });
      await wrong.add(first, signal);
      await rejects(wrong.push(FIRST, signal), (error: Error & { code?: string; retryable?: boolean }) => {
        equal(error.code, 'DVC_REMOTE_DENIED');
        equal(error.retryable, false);
        match(error.message, /s3:\/\/kept\/here at http.* refuses the keys.*DVC_REMOTE_SECRET_ACCESS_KEY/);
        ok(!error.message.includes('a-wrong-secret'));
        return true;
      });
      const right = store(remote);
      await right.push(FIRST, signal);
      deepEqual(await right.pending(), []);
      const settings = await readFile(join(folder, 'dvc/.dvc/config'), 'utf8');
      ok(!settings.includes(S3_KEYS.secretAccessKey) && !settings.includes(S3_KEYS.accessKeyId));
    });

    it('are whole after a push that was killed in the middle and done again', async () => {
      // The shell leaves its own id, which DVC then has.
      const noted: [string, ...string[]] = [
        'sh',
        '-c',
        `echo $$ > ${folder}/pid; exec "$@"`,
        'sh',
        ...(dvcCommand() ?? []),
      ];
      const versions = store(remote, noted);
      const first = await version(FIRST, 'one');
      for (let place = 0; place < 120; place++) {
        const path = `images/image_test/${place}.jpg`;
        first.contents[path] = `${place} `.repeat(5000);
        await writeFile(join(folder, 'source', `test-${place}`), first.contents[path]);
        (first.files as SourceFile[]).push({ path, source: join(folder, 'source', `test-${place}`) });
      }
      await versions.add(first, signal);
      const arrived = () => {
        const objects = join(folder, 's3/data/kept/here/files/md5');
        if (!existsSync(objects)) return 0;
        return readdirSync(objects, { recursive: true, encoding: 'utf8' }).filter((path) => path.length > 30)
          .length;
      };
      const pushing = versions.push(FIRST, signal);
      const failure = rejects(pushing, { code: 'DVC_FAILED', retryable: true, message: /killed/ });
      await until(arrived, 'the first objects to arrive');
      process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGKILL');
      await failure;
      ok(arrived() < 120, 'it was over before it was killed');

      await versions.push(FIRST, signal);
      const second = await version(SECOND, 'two');
      await keep(versions, second);
      await forgetCache();
      await versions.pull(FIRST, join(folder, 'back/first'), signal);
      await versions.pull(SECOND, join(folder, 'back/second'), signal);
      deepEqual(contentsOf(join(folder, 'back/first')), first.contents);
      deepEqual(contentsOf(join(folder, 'back/second')), second.contents);
    });

    it('lose nothing while the server is down: pushed once it is up', async () => {
      const versions = store(remote);
      await server.stop('SIGKILL');
      const first = await version(FIRST, 'one');
      await versions.add(first, signal);
      await rejects(versions.push(FIRST, signal), { code: 'DVC_REMOTE_UNREACHABLE', retryable: true });
      server = await start();
      deepEqual(
        (await versions.pending()).map(({ version: name }) => name),
        [FIRST],
      );
      await versions.push(FIRST, signal);
      deepEqual(await versions.pending(), []);
    });
  });
});
