import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ApiEnvironment } from './environment.ts';

/** One wrong field, in the shape that the original's clients know (FastAPI with pydantic 1). */
export interface FieldProblem {
  readonly loc: readonly [place: 'body' | 'query' | 'header', field: string];
  readonly msg: string;
  readonly type: string;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly problems?: readonly FieldProblem[] | undefined;
}

/**
 * `{detail, code}`, which the original's clients know, or problem+json (RFC 9457) for those who prefer it: there `detail`
 * is a text whatever happened, and `errors` has the wrong fields.
 */
export function answerRefusal(
  c: Context<ApiEnvironment>,
  { status, code, message, problems }: Refusal,
): Response {
  const httpStatus = status as ContentfulStatusCode;
  if (prefersProblem(c)) {
    const problem = {
      type: `urn:etiquette:error:${code}`,
      title: titleOf(code),
      status,
      detail: message,
      instance: `urn:etiquette:request:${c.get('requestId')}`,
      code,
      ...(problems && { errors: problems }),
    };
    return c.body(JSON.stringify(problem), httpStatus, { 'Content-Type': PROBLEM });
  }
  // The original's clients read `message` when they were too many.
  return c.json({ detail: problems ?? message, code, ...(status === 429 && { message }) }, httpStatus);
}

const PROBLEM = 'application/problem+json';
const JSON_TYPE = 'application/json';

/** Only who names it gets it: the original's clients accept anything, and know `detail`. */
function prefersProblem(c: Context<ApiEnvironment>): boolean {
  const match = (types: readonly { readonly type: string; readonly q: number }[]) => {
    const quality = (type: string) => types.find((one) => one.type.toLowerCase() === type)?.q ?? 0;
    return quality(PROBLEM) > 0 && quality(PROBLEM) >= quality(JSON_TYPE) ? PROBLEM : JSON_TYPE;
  };
  const supports = [JSON_TYPE, PROBLEM];
  return accepts(c, { header: 'Accept', supports, default: JSON_TYPE, match }) === PROBLEM;
}

/** PICTURE_TOO_LARGE → Picture too large */
function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
