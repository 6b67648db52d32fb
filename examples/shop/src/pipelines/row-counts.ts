// What a pipeline reports about its rows.

export type RowCounts = {
  readonly read: number;
  readonly written: number;
  /** Already there from an earlier run. */
  readonly skipped: number;
  readonly rejected: number;
};

export const noRows: RowCounts = { read: 0, written: 0, skipped: 0, rejected: 0 };

/** Both together. */
export function addCounts(a: RowCounts, b: RowCounts): RowCounts {
  return {
    read: a.read + b.read,
    written: a.written + b.written,
    skipped: a.skipped + b.skipped,
    rejected: a.rejected + b.rejected,
  };
}
