/**
 * Sparse rows, one after the other (compressed sparse rows). Row r holds `column[i]`, `value[i]` for
 * starts[r] <= i < starts[r + 1]. The arrays lie in shared memory, so that threads read them without a copy.
 */
export interface SparseRows {
  readonly count: number;
  /** Columns are below this. */
  readonly columns: number;
  /** [count + 1] */
  readonly starts: Uint32Array;
  readonly column: Uint32Array;
  readonly value: Float32Array;
}

export function allocateRows(count: number, columns: number, entries: number): SparseRows {
  return {
    count,
    columns,
    starts: new Uint32Array(new SharedArrayBuffer(4 * (count + 1))),
    column: new Uint32Array(new SharedArrayBuffer(4 * entries)),
    value: new Float32Array(new SharedArrayBuffer(4 * entries)),
  };
}
