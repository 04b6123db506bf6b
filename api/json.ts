import type { z } from '@hono/zod-openapi';
import { EtiquetteError } from '../errors.ts';
import { fieldsInvalid, missingField } from './errors.ts';
import { gather } from './gathered.ts';
import type { FieldProblem } from './refusal.ts';
import { isSmall, wholeOf } from './small-body.ts';

export const JSON_TYPE = /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i;

/**
 * A body of at most so many bytes.
 * @throws EtiquetteError BODY_TOO_LARGE
 */
export async function bytesOf(request: Request, limit: number): Promise<Uint8Array> {
  if (isSmall(request)) return await wholeOf(request);
  const gathered = gather(limit);
  if (request.body) for await (const piece of request.body) gathered.add(piece);
  if (gathered.overflowed) {
    throw new EtiquetteError('BODY_TOO_LARGE', `The body is larger than ${limit} bytes. Send less.`);
  }
  return gathered.take();
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** , : [ { stand beside every value, so that counting them bounds what a parsed body can hold. */
const STRUCTURE = new Set([0x2c, 0x3a, 0x5b, 0x7b]);
/** 32 products with all their members are 500. */
const STRUCTURES = 5_000;

/**
 * Parses JSON in UTF-8. Twelve megabytes of nested brackets or of tiny objects would block the process for seconds
 * and fill its memory, so structure is counted first; strings may be as long as they like.
 * @throws EtiquetteError JSON_INVALID
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (structures(bytes) > STRUCTURES) {
    throw new EtiquetteError(
      'JSON_INVALID',
      `The JSON has more than ${STRUCTURES} values. Send less at once.`,
    );
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new EtiquetteError('JSON_INVALID', 'The body cannot be read: send JSON in UTF-8.', { cause });
  }
}

function structures(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length && count <= STRUCTURES; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (STRUCTURE.has(byte)) count += 1;
  }
  return count;
}

/** The place of the quote that ends the string which begins at `start`. */
function endOfString(bytes: Uint8Array, start: number): number {
  let end = start;
  for (;;) {
    end = bytes.indexOf(QUOTE, end + 1);
    if (end < 0) return bytes.length;
    let backslashes = 0;
    while (bytes[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}

/**
 * Checks what was parsed; a body that does not fit is refused as the original's forms are, with every place.
 * @throws EtiquetteError FIELDS_INVALID
 */
export function checked<S extends z.ZodType>(
  schema: S,
  body: unknown,
  place: FieldProblem['loc'][0] = 'body',
): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap(problemsOf);
  throw fieldsInvalid(problems.map(({ loc, ...problem }) => ({ ...problem, loc: [place, loc[1]] })));
}

function problemsOf(issue: z.core.$ZodIssue): FieldProblem[] {
  const field = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, 20).map((key) => ({
      loc: ['body', [...issue.path, key.slice(0, 100)].join('.')],
      msg: 'extra fields not permitted',
      type: 'value_error.extra',
    }));
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return [missingField(field)];
  const type = issue.code === 'custom' ? String(issue.params?.type) : `value_error.${issue.code}`;
  return [{ loc: ['body', field], msg: issue.message, type }];
}
