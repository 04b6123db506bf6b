import { PostgresDialect, type PostgresPoolClient } from 'kysely';
import { DatabaseError, Pool } from 'pg';
import { EtiquetteError } from '../../errors.ts';

/** Of one process: a server takes 100 by default, from all of them. */
const CONNECTIONS = 10;
const CONNECT_MS = 5_000;
const STATEMENT_MS = 15_000;
/** For a server that takes a statement and is never heard of again. */
const ANSWER_MS = STATEMENT_MS + 5_000;

/** Classes of PostgreSQL's codes that are no fault of the statement: connection, resources, an operator, the system. */
const TROUBLE_OF_THE_SERVER = /^(08|53|57|58)/;

/**
 * PostgreSQL for Kysely. A server that is away, restarts or is overloaded is DATABASE_UNAVAILABLE, in each statement;
 * the next one tries again.
 * @param url without password: `postgres://etiquette@db.example:5432/etiquette?sslmode=verify-full`
 */
export function postgresDialect(url: string, password: string | undefined): PostgresDialect {
  const address = new URL(url);
  if (password !== undefined) address.password = encodeURIComponent(password);
  const pool = new Pool({
    connectionString: address.href,
    application_name: 'etiquette',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
  });
  // A connection that breaks while nobody uses it is replaced at the next statement; without a listener it ends the process.
  pool.on('error', () => {});
  return new PostgresDialect({
    pool: {
      end: () => pool.end(),
      async connect() {
        const client = await pool.connect().catch(unavailable);
        let broken = false;
        const query = (statement: string, parameters: readonly unknown[]) =>
          client.query(statement, parameters.map(storable)).catch((cause: unknown) => {
            // It may still wait for an answer, which the next statement would wait for too.
            broken ||= !(cause instanceof DatabaseError);
            return unavailable(cause);
          });
        const release = (destroy = false) => client.release(destroy || broken);
        // Of the two forms of Kysely's `query` the other is for cursors, which nobody uses here.
        return { query, release } as unknown as PostgresPoolClient;
      },
    },
  });
}

/** What clients ask for may hold a NUL, which PostgreSQL refuses in texts: no stored one has it, so that nothing is found. */
function storable(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value;
}

/** @throws EtiquetteError DATABASE_UNAVAILABLE, or the error itself where the statement is to blame */
function unavailable(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const refused = cause instanceof DatabaseError && !TROUBLE_OF_THE_SERVER.test(cause.code ?? '');
  // "SASL: ...": it wants a password, and there is none.
  if (refused || reason.startsWith('SASL')) throw cause;
  throw new EtiquetteError(
    'DATABASE_UNAVAILABLE',
    `The database does not answer (${reason}). Look after the server that DATABASE_URL names.`,
    { retryable: true, cause },
  );
}
