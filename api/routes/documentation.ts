import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { html } from 'hono/html';
import type { Api } from '../environment.ts';
import { revalidated } from '../revalidate.ts';

/** Swagger UI from its package: the page works on a machine without internet. */
const ASSETS = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
} as const;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true });\n`;

/** GET /openapi.json and the page over it at /docs. */
export function documentationRoutes(app: Api, release: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'oauth2',
    flows: { password: { tokenUrl: '/token', scopes: {} } },
  });
  const about = {
    openapi: '3.1.0',
    info: {
      title: 'Étiquette',
      version: release,
      description: 'The type code of a Rakuten France product, from its French text and its picture.',
    },
  };
  // Made once: no route comes after the first request.
  let text: string | undefined;
  app.get('/openapi.json', revalidated('public'), (c) => {
    text ??= JSON.stringify(withServerAnswers(app.getOpenAPI31Document(about)));
    return c.body(text, 200, { 'Content-Type': 'application/json', ETag: tagOf(text) });
  });

  app.get('/docs', revalidated('public'), (c) =>
    c.html(html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Étiquette API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>`),
  );

  app.get('/docs/start.js', revalidated('public'), (c) =>
    c.body(START, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }),
  );
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  for (const [file, type] of Object.entries(ASSETS)) {
    // Read once: of a megabyte each, copies would be what many slow clients could fill the memory with.
    let read: Promise<{ content: Buffer<ArrayBuffer>; tag: string }> | undefined;
    app.get(`/docs/${file}`, revalidated('public'), async (c) => {
      read ??= readFile(join(folder, file)).then((content) => ({ content, tag: tagOf(content) }));
      const { content, tag } = await read;
      return c.body(content, 200, {
        'Content-Type': type,
        'Content-Length': String(content.length),
        ETag: tag,
      });
    });
  }
}

const tagOf = (content: string | Buffer) => `"${createHash('sha256').update(content).digest('base64url')}"`;

/** What the server and the frame answer for every route. */
const refused = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});
const EVERYWHERE = {
  400: refused('No sound HTTP request'),
  408: refused('The request did not arrive in time'),
  431: refused('Path, query and headers of more than 16 KB'),
};

function withServerAnswers(document: ReturnType<Api['getOpenAPI31Document']>) {
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of [path.get, path.post, path.put, path.patch, path.delete]) {
      if (operation) operation.responses = { ...EVERYWHERE, ...operation.responses };
    }
  }
  return document;
}
