import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { EtiquetteError, isEtiquetteError } from '../errors.ts';

/** Far above any real description (the longest has some 12,000 characters): a bound on memory, not a rule. */
const MOST_CHARACTERS = 1_000_000;
const MOST_ROWS = 2_000_000;
const MOST_INDEX_CHARACTERS = 64;

/**
 * Reads a CSV of the challenge as a stream: the first column is the index and comes out as `row`, `columns` are
 * found by name, others are ignored.
 * @throws EtiquetteError CATALOGUE_FILE_MISSING, CATALOGUE_FILE_EMPTY, CATALOGUE_NOT_CSV (a web page),
 *   CATALOGUE_ENCODING (not UTF-8), CATALOGUE_COLUMN_MISSING, CATALOGUE_CSV_INVALID (quotes, number of fields),
 *   CATALOGUE_FIELD_TOO_LARGE, CATALOGUE_INDEX_INVALID, CATALOGUE_TOO_MANY_ROWS
 */
export async function* readCsv<C extends string>(
  file: string,
  columns: readonly C[],
): AsyncGenerator<Record<C | 'row', string>> {
  const name = basename(file);
  let headerSeen = false;
  const parser = parse({
    bom: true,
    skip_empty_lines: true,
    max_record_size: MOST_CHARACTERS,
    columns: (header: string[]) => {
      headerSeen = true;
      return checkHeader(name, header, columns);
    },
  });
  // The callback is required; errors reach the reader through the parser, which pipeline destroys with them.
  pipeline(decodeUtf8(file), parser, () => {});

  let rows = 0;
  try {
    for await (const record of parser as AsyncIterable<Record<C | 'row', string>>) {
      record.row = record.row.trim();
      if (record.row === '' || record.row.length > MOST_INDEX_CHARACTERS) {
        throw new EtiquetteError(
          'CATALOGUE_INDEX_INVALID',
          `${name}: record ${rows + 1} has no usable index in its first column. The index joins texts with codes: restore it.`,
        );
      }
      if (++rows > MOST_ROWS) {
        throw new EtiquetteError(
          'CATALOGUE_TOO_MANY_ROWS',
          `${name} has more than ${MOST_ROWS} rows. Split the catalogue.`,
        );
      }
      yield record;
    }
  } catch (error) {
    throw explain(name, error);
  }
  if (!headerSeen) {
    throw new EtiquetteError(
      'CATALOGUE_FILE_EMPTY',
      `${name} is empty. Fetch it again or put the right file there.`,
    );
  }
}

function checkHeader(
  name: string,
  header: readonly string[],
  columns: readonly string[],
): Array<string | false> {
  const titles = header.map((title) => title.trim());
  const missing = columns.filter((column) => !titles.includes(column, 1));
  const first = titles[0] ?? '';
  if (missing.length > 0 || columns.includes(first)) {
    const wanted = missing.length > 0 ? missing.join(', ') : 'an index column in the first place';
    throw new EtiquetteError(
      'CATALOGUE_COLUMN_MISSING',
      `${name} lacks ${wanted}. Its first line must read ",${columns.join(',')}"; it reads "${titles.join(',').slice(0, 200)}".`,
      { details: { file: name, missing } },
    );
  }
  return titles.map((title, place) => (place === 0 ? 'row' : columns.includes(title) ? title : false));
}

async function* decodeUtf8(file: string): AsyncGenerator<string> {
  const name = basename(file);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let first = true;
  try {
    for await (const chunk of createReadStream(file)) {
      const text = decoder.decode(chunk as Buffer, { stream: true });
      if (first && /^\s*<(!doctype|html|head|\?xml)/i.test(text)) {
        throw new EtiquetteError(
          'CATALOGUE_NOT_CSV',
          `${name} is a web page, not a CSV (an error page saved under its name?). Fetch it again.`,
        );
      }
      first = false;
      if (text.includes('\0')) throw notText(name);
      yield text;
    }
    yield decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw notText(name);
    throw error;
  }
}

function notText(name: string): EtiquetteError {
  return new EtiquetteError(
    'CATALOGUE_ENCODING',
    `${name} is not UTF-8 text. Fetch it again, or save it as UTF-8.`,
  );
}

function explain(name: string, error: unknown): unknown {
  if (isEtiquetteError(error)) return error;
  if (error instanceof CsvError) {
    if (error.code === 'CSV_MAX_RECORD_SIZE') {
      return new EtiquetteError(
        'CATALOGUE_FIELD_TOO_LARGE',
        `${name}: a record from line ${error.lines} on is longer than ${MOST_CHARACTERS} characters. Close its quote or shorten it.`,
        { cause: error },
      );
    }
    return new EtiquetteError('CATALOGUE_CSV_INVALID', `${name}: ${error.message}. Correct that line.`, {
      cause: error,
    });
  }
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new EtiquetteError('CATALOGUE_FILE_MISSING', `${name} is missing. Put it into the catalogue.`);
  }
  return error;
}
