import { type IncomingMessage, ServerResponse } from 'node:http';

type Done = (error?: Error | null) => void;
type Rest = [BufferEncoding, Done?];

/** Knows how long its body is: what the app hands over may be a stream, which nobody should read twice. */
export class CountedResponse extends ServerResponse<IncomingMessage> {
  bodyBytes = 0;

  override write(chunk: unknown, callback?: Done): boolean;
  override write(chunk: unknown, encoding: BufferEncoding, callback?: Done): boolean;
  override write(chunk: unknown, ...rest: unknown[]): boolean {
    this.bodyBytes += lengthOf(chunk);
    return super.write(chunk, ...(rest as Rest));
  }

  override end(callback?: () => void): this;
  override end(chunk: unknown, callback?: () => void): this;
  override end(chunk: unknown, encoding: BufferEncoding, callback?: () => void): this;
  override end(chunk?: unknown, ...rest: unknown[]): this {
    this.bodyBytes += lengthOf(chunk);
    return super.end(chunk, ...(rest as Rest));
  }
}

function lengthOf(chunk: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
