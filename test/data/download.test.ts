import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../config.ts';
import { downloadFile } from '../../data/download.ts';
import { type FileServer, type FileServerOptions, serveFiles } from '../support/file-server.ts';
import { inFolder } from '../support/tiny-catalogue.ts';

const QUICK = { retry: { attempts: 3, firstDelay: 1, mostDelay: 5 } };
const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');

/** A server with `weights.bin` and a place to download it to. */
function withServer(
  options: Omit<FileServerOptions, 'directory'>,
  work: (context: { server: FileServer; content: Buffer; file: string; folder: string }) => Promise<void>,
  content = randomBytes(300_000),
): Promise<void> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, 'weights.bin'), content);
    const server = await serveFiles({ directory: folder, ...options });
    try {
      await work({ server, content, file: join(folder, 'got', 'weights.bin'), folder });
    } finally {
      await server.close();
    }
  });
}

describe('A download', () => {
  it('goes on at the byte where the connection broke, and asks for nothing twice', () =>
    withServer(
      {
        fault: ({ method }, earlier) => (method === 'GET' && earlier < 2 ? { cutAfter: 100_000 } : undefined),
      },
      async ({ server, content, file }) => {
        const result = await downloadFile({ url: `${server.url}weights.bin`, file, ...QUICK });
        assert.ok((await readFile(file)).equals(content));
        assert.equal(server.requests.length, 3);
        assert.ok(server.requests.slice(1).every(({ status }) => status === 206));
        assert.equal(result.bytes, content.length);
        assert.equal(result.transferred, content.length);
        assert.deepEqual((await readdir(join(file, '..'))).sort(), [
          'weights.bin',
          'weights.bin.download.json',
        ]);
      },
    ));

  it('goes on after kill -9 with what is on disk: nothing is served twice but the chunk under way', () =>
    withServer(
      { bytesPerSecond: 1_500_000 },
      async ({ server, content, file }) => {
        const url = `${server.url}weights.bin`;
        const script = `
          import { downloadFile } from ${JSON.stringify(join(PROJECT, 'data/download.ts'))};
          await downloadFile({ url: ${JSON.stringify(url)}, file: ${JSON.stringify(file)},
            onProgress: ({ bytes }) => process.stdout.write(bytes + '\\n') });`;
        const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
          cwd: PROJECT,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        for await (const line of child.stdout.setEncoding('utf8'))
          if (Number.parseInt(line, 10) > 300_000) break;
        child.kill('SIGKILL');
        await once(child, 'exit');

        const onDisk = (await stat(`${file}.partial`)).size;
        assert.ok(onDisk > 300_000 && onDisk < content.length);
        const { transferred } = await downloadFile({ url, file });
        assert.ok((await readFile(file)).equals(content));
        assert.equal(transferred, content.length - onDisk);
        assert.equal(server.requests[1]?.range, `bytes=${onDisk}-`);
        const chunk = 1_500_000 / 20;
        assert.ok(server.served() <= content.length + 4 * chunk, `${server.served()} bytes served`);
      },
      randomBytes(1_000_000),
    ));

  it('stops at once when aborted and keeps what it has', () =>
    withServer({ bytesPerSecond: 400_000 }, async ({ server, file }) => {
      const abort = new AbortController();
      const running = downloadFile({
        url: `${server.url}weights.bin`,
        file,
        signal: abort.signal,
        onProgress: () => abort.abort(new Error('enough')),
      });
      await assert.rejects(running, /enough/);
      assert.ok((await stat(`${file}.partial`)).size > 0);
    }));

  it('starts again when the file changed on the server in between', () =>
    withServer(
      { fault: (_request, earlier) => (earlier === 0 ? { cutAfter: 100_000 } : undefined) },
      async ({ server, file, folder }) => {
        const url = `${server.url}weights.bin`;
        const once = { ...QUICK, retry: { ...QUICK.retry, attempts: 1 } };
        await assert.rejects(downloadFile({ url, file, ...once }), { code: 'DOWNLOAD_INTERRUPTED' });
        const changed = randomBytes(290_000);
        await writeFile(join(folder, 'weights.bin'), changed);
        await downloadFile({ url, file, ...QUICK });
        assert.ok((await readFile(file)).equals(changed));
        assert.equal(server.requests[1]?.status, 200);
      },
    ));

  it('does not fetch a finished file again while the server says that it is the same', () =>
    withServer({}, async ({ server, content, file, folder }) => {
      const url = `${server.url}weights.bin`;
      await downloadFile({ url, file });
      assert.deepEqual(await downloadFile({ url, file }), { bytes: content.length, transferred: 0 });
      assert.deepEqual(
        server.requests.map(({ method }) => method),
        ['GET', 'HEAD'],
      );
      const changed = randomBytes(300_000);
      await writeFile(join(folder, 'weights.bin'), changed);
      await downloadFile({ url, file });
      assert.ok((await readFile(file)).equals(changed));
    }));

  it('asks nobody when the file is there and has the expected checksum', () =>
    withServer({}, async ({ server, content, file }) => {
      const options = { url: `${server.url}weights.bin`, file, md5: hash('md5', content) };
      await downloadFile(options);
      await server.close();
      assert.equal((await downloadFile(options)).transferred, 0);
    }));

  it('refuses another checksum than the expected one, tries once more, and leaves nothing', () =>
    withServer({}, async ({ server, file }) => {
      const sha256 = 'a'.repeat(64);
      await assert.rejects(downloadFile({ url: `${server.url}weights.bin`, file, sha256, ...QUICK }), {
        code: 'DOWNLOAD_CHECKSUM',
        retryable: false,
      });
      assert.equal(server.requests.length, 2);
      assert.deepEqual(await readdir(join(file, '..')), []);
    }));

  it('heeds the checksum that a server names on its way', () =>
    withServer(
      { fault: () => ({ headers: { 'x-linked-etag': `"${'b'.repeat(64)}"` } }) },
      async ({ server, file }) => {
        await assert.rejects(downloadFile({ url: `${server.url}weights.bin`, file, ...QUICK }), {
          code: 'DOWNLOAD_CHECKSUM',
        });
      },
    ));

  it('waits out a server that is busy', () =>
    withServer(
      {
        fault: (_request, earlier) =>
          earlier < 2 ? { status: 503, headers: { 'retry-after': '1' } } : undefined,
      },
      async ({ server, content, file }) => {
        const { bytes } = await downloadFile({ url: `${server.url}weights.bin`, file, ...QUICK });
        assert.equal(bytes, content.length);
      },
    ));

  it('follows a redirect, and keeps the query (it may be a signature) out of messages', () =>
    withServer(
      {
        fault: ({ path }) =>
          path === '/moved' ? { status: 302, headers: { location: '/missing?signature=secret' } } : undefined,
      },
      async ({ server, file }) => {
        const error = await downloadFile({ url: `${server.url}moved?token=secret`, file, ...QUICK }).catch(
          (problem: Error) => problem,
        );
        assert.ok(error instanceof Error);
        assert.equal((error as Error & { code: string }).code, 'DOWNLOAD_NOT_FOUND');
        assert.ok(!error.message.includes('secret'));
      },
    ));

  it('is bounded in size', () =>
    withServer({}, async ({ server, file }) => {
      await assert.rejects(
        downloadFile({ url: `${server.url}weights.bin`, file, maxBytes: 1000, ...QUICK }),
        {
          code: 'DOWNLOAD_TOO_LARGE',
        },
      );
      assert.deepEqual(await readdir(join(file, '..')), []);
    }));
});
