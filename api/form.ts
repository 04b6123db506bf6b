import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Busboy, type BusboyConfig, type BusboyFileStream } from '@fastify/busboy';
import { EtiquetteError } from '../errors.ts';
import { gather } from './gathered.ts';
import { isSmall, wholeOf } from './small-body.ts';

export interface FormLimits {
  readonly accept: RegExp;
  /** Of one text field. */
  readonly fieldBytes: number;
  /** Of one file; 0 where none is expected. */
  readonly fileBytes: number;
}

/** A form's fields by name. Where a name comes twice the last one counts, as in the original. */
export interface Form {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export const URLENCODED_OR_MULTIPART = /^(application\/x-www-form-urlencoded|multipart\/form-data)\s*(;|$)/i;
export const MULTIPART = /^multipart\/form-data\s*(;|$)/i;

const PARTS = 24;
const PART_HEADER_BYTES = 8 * 1024;

/**
 * Reads a form as it streams in; nothing above a bound is kept. It counts on a limit for the whole body.
 * @throws EtiquetteError CONTENT_TYPE_UNSUPPORTED, BOUNDARY_MISSING, MULTIPART_INVALID, PARTS_TOO_MANY,
 *   FIELD_TOO_LARGE or PICTURE_TOO_LARGE
 */
export async function readForm(
  request: Request,
  { accept, fieldBytes, fileBytes }: FormLimits,
): Promise<Form> {
  const parser = openParser(request.headers.get('content-type') ?? '', accept, {
    fieldSize: fieldBytes,
    fileSize: fileBytes,
    parts: PARTS,
    fields: PARTS,
    headerPairs: PARTS,
    headerSize: PART_HEADER_BYTES,
  });
  const fields = new Map<string, string>();
  const files = new Map<string, Uint8Array>();
  let broken: EtiquetteError | undefined;

  // What follows a broken bound is read and dropped, so that the connection can serve its next request; the
  // body limit says how much that is at most.
  const tooMany = () => {
    broken ??= new EtiquetteError('PARTS_TOO_MANY', `The form has more than ${PARTS} parts. Send fewer.`);
  };
  parser.on('partsLimit', tooMany);
  parser.on('fieldsLimit', tooMany);
  parser.on('field', (name, value, _nameTruncated, truncated) => {
    if (truncated) broken ??= fieldTooLarge(name, fieldBytes);
    else fields.set(name, value);
  });
  parser.on('file', (name, stream) => {
    stream.on('limit', () => {
      broken ??= pictureTooLarge(fileBytes);
    });
    collect(stream, fileBytes, (bytes) => files.set(name, bytes));
  });

  try {
    if (isSmall(request)) await finished(parser.end(await wholeOf(request)));
    else await pipeline(bodyOf(request), parser);
  } catch (cause) {
    broken ??= new EtiquetteError(
      'MULTIPART_INVALID',
      `The form cannot be read (${(cause as Error).message}). Send it whole, with the boundary its header names.`,
      { cause },
    );
  }
  if (broken) throw broken;
  return { fields, files };
}

function fieldTooLarge(name: string, bytes: number): EtiquetteError {
  return new EtiquetteError(
    'FIELD_TOO_LARGE',
    `The field "${name.slice(0, 60)}" has more than ${bytes} bytes.`,
  );
}

function pictureTooLarge(bytes: number): EtiquetteError {
  return new EtiquetteError(
    'PICTURE_TOO_LARGE',
    `The picture has more than ${bytes} bytes. Send a smaller one.`,
  );
}

function openParser(contentType: string, accept: RegExp, limits: NonNullable<BusboyConfig['limits']>) {
  if (!accept.test(contentType)) {
    throw new EtiquetteError(
      'CONTENT_TYPE_UNSUPPORTED',
      `Send a form (${accept === MULTIPART ? 'multipart/form-data' : 'application/x-www-form-urlencoded or multipart/form-data'}).`,
    );
  }
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch (cause) {
    throw new EtiquetteError('BOUNDARY_MISSING', 'Missing boundary in multipart.', { cause });
  }
}

function bodyOf(request: Request): Readable {
  return request.body ? Readable.fromWeb(request.body as ReadableStream) : Readable.from([]);
}

/** A part that breaks off errs here too; the parser's own error tells the request. */
function collect(stream: BusboyFileStream, limit: number, done: (bytes: Uint8Array) => void): void {
  const bytes = gather(limit);
  stream.on('data', (chunk: Buffer) => bytes.add(chunk));
  stream.on('end', () => done(bytes.take()));
  stream.on('error', () => {});
}
