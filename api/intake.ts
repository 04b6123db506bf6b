import type { MiddlewareHandler } from 'hono';
import type { EtiquetteError } from '../errors.ts';
import type { ApiEnvironment } from './environment.ts';

export interface Gate {
  /** Of one request's body; what arrives without an announced length counts so much. */
  readonly bodyBytes: number;
  /** No more, with so many requests inside already. */
  readonly full: (inside: number) => boolean;
  readonly busy: () => EtiquetteError;
}

/**
 * Lets requests in while what all of them hold in memory stays below `bytes`, from the first byte of a body to
 * the answer: the inference queue's limit counts products, whatever their pictures weigh. Stands before whatever
 * reads the body.
 */
export type Intake = (gate: Gate) => MiddlewareHandler<ApiEnvironment>;

export function createIntake(bytes: number): Intake {
  let held = 0;
  return ({ bodyBytes, full, busy }) => {
    let inside = 0;
    return async (c, next) => {
      const announced = Number(c.req.header('content-length') ?? bodyBytes);
      const size = Math.min(announced, bodyBytes);
      if (full(inside) || (held > 0 && held + size > bytes)) throw busy();
      inside += 1;
      held += size;
      try {
        await next();
      } finally {
        inside -= 1;
        held -= size;
      }
    };
  };
}
