/** One measured figure beside its peer's. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** null where the target is absolute. */
  readonly peer: number | null;
  readonly ratio: number | null;
  /** In words, as `ok` was judged. */
  readonly target: string;
  readonly ok: boolean;
}
