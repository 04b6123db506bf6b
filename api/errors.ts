import type { Context } from 'hono';
import type { Logger } from 'pino';
import { EtiquetteError, isEtiquetteError } from '../errors.ts';
import type { ApiEnvironment } from './environment.ts';
import { answerRefusal, type FieldProblem } from './refusal.ts';

/** The one place that turns error codes into HTTP. A code that is not here is a 500: nobody foresaw it. */
export const STATUS: Readonly<Record<string, number>> = {
  BOUNDARY_MISSING: 400,
  LOGIN_FAILED: 401,
  TOKEN_MISSING: 401,
  TOKEN_INVALID: 401,
  DEPLOY_TOKEN_INVALID: 401,
  METRICS_TOKEN_INVALID: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  RUN_UNKNOWN: 404,
  LINEAGE_UNKNOWN: 404,
  DRIFT_UNKNOWN: 404,
  MODEL_UNKNOWN: 404,
  USER_UNKNOWN: 404,
  KEY_UNKNOWN: 404,
  PREDICTION_UNKNOWN: 404,
  CORRECTION_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  USER_EXISTS: 409,
  CORRECTION_PRODUCT_DIFFERS: 409,
  NOT_WAITING: 409,
  RUN_ALREADY_GOING: 409,
  RUN_CLOSED: 409,
  DEPLOYMENT_ALREADY_GOING: 409,
  DEPLOYMENT_FAILED: 409,
  BODY_TOO_LARGE: 413,
  FIELD_TOO_LARGE: 413,
  LINE_TOO_LARGE: 413,
  PARTS_TOO_MANY: 413,
  PICTURE_TOO_LARGE: 413,
  CONTENT_TYPE_UNSUPPORTED: 415,
  PICTURE_FORMAT_UNSUPPORTED: 415,
  DECISION_INVALID: 422,
  CURSOR_INVALID: 422,
  FAMILY_UNKNOWN: 422,
  PARAMETER_INVALID: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  USER_INVALID: 422,
  PASSWORD_UNFIT: 422,
  KEY_INVALID: 422,
  FIELDS_INVALID: 422,
  MULTIPART_INVALID: 422,
  JSON_INVALID: 422,
  PICTURE_EMPTY: 422,
  PICTURE_UNREADABLE: 422,
  BUNDLE_UNKNOWN: 422,
  BUNDLE_CORRUPT: 422,
  BUNDLE_LOAD_FAILED: 422,
  BUNDLE_GOLDEN_MISMATCH: 422,
  BUNDLE_SERVES_ALREADY: 422,
  BUNDLE_NOT_PREPARED: 503,
  RATE_LIMITED: 429,
  LOGIN_LOCKED: 429,
  CLIENT_GONE: 499,
  TEMPORAL_UNREACHABLE: 503,
  WORKER_AWAY: 503,
  NO_MODEL: 503,
  LOGIN_BUSY: 503,
  DATABASE_UNAVAILABLE: 503,
  SERVING_BUSY: 503,
  EXPLAIN_BUSY: 503,
  SERVING_TIMEOUT: 503,
  SERVING_UNAVAILABLE: 503,
  SERVING_CLOSED: 503,
};

/** Seconds after which a 503 is worth another try. */
const RETRY_AFTER: Readonly<Record<string, number>> = { NO_MODEL: 10, SERVING_TIMEOUT: 5, EXPLAIN_BUSY: 5 };

export function missingField(field: string): FieldProblem {
  return { loc: ['body', field], msg: 'field required', type: 'value_error.missing' };
}

/** A 422 whose `detail` is the list of problems. */
export function fieldsInvalid(problems: readonly FieldProblem[]): EtiquetteError {
  const names = problems.map((problem) => problem.loc[1]).join(', ');
  return new EtiquetteError('FIELDS_INVALID', `Correct these fields: ${names}.`, {
    details: { problems },
  });
}

/**
 * Answers any error as `{detail, code}`, or as problem+json (RFC 9457) for clients that ask for it; only what nobody
 * foresaw is a 500, and is logged with its stack.
 */
export function answerError(error: unknown, c: Context<ApiEnvironment>, log: Logger): Response {
  const status = isEtiquetteError(error) ? statusOf(error) : undefined;
  c.header('Vary', 'Accept', { append: true });
  if (!isEtiquetteError(error) || status === undefined) {
    log.error({ requestId: c.get('requestId'), err: error }, 'unexpected error');
    return answerRefusal(c, { status: 500, code: 'INTERNAL', message: 'Internal Server Error' });
  }
  const { code, message, details } = error;
  if (status === 401) c.header('WWW-Authenticate', 'Bearer');
  if (status === 405) c.header('Allow', String(details.allow));
  if (status === 408) c.header('Connection', 'close');
  // Of a rate limit the limiter has said it already.
  const seconds = details.retryAfterSeconds ?? (status === 503 ? (RETRY_AFTER[code] ?? 1) : undefined);
  if (seconds !== undefined) c.header('Retry-After', String(seconds));
  return answerRefusal(c, {
    status,
    code,
    message,
    problems: details.problems as FieldProblem[] | undefined,
  });
}

function statusOf({ code, retryable }: EtiquetteError): number | undefined {
  const status = STATUS[code];
  // A bundle whose process was killed while it was loaded is not a bad bundle: a deployment may try again.
  return status === 422 && retryable ? 503 : status;
}
