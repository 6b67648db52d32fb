// Foreign texts in SQL: quotes doubled, and the bytes that border attributes written as they are in the store.
//
// DuckDB knows no backslash in 'texts', so doubling quotes is all there is to it; NUL cannot come, it is escaped.

import type { AttributeCondition } from "../attribute-condition.ts";
import { escaped } from "./attribute-text.ts";

/** A text for between single quotes. */
export function quoted(text: string): string {
  return text.replaceAll("'", "''");
}

/** A foreign text as a literal, as the store writes texts. */
export function literal(text: string): string {
  return `'${quoted(escaped(text))}'`;
}

/** The condition on a column of attribute texts (see attribute-text.ts). */
export function attributeSql(column: string, { key, operator, value }: AttributeCondition): string {
  const name = escaped(key);
  const has = `contains(${column}, '${quoted(`\u0001${name}\u0002`)}')`;
  switch (operator) {
    case "exists":
      return has;
    case "is":
    case "isNot":
      return `contains(${column}, '${quoted(`\u0001${name}\u0002${escaped(value)}\u0002`)}')`;
    case "matches":
    case "matchesNot":
    default: {
      const found = `\u0001${name.replaceAll(/[\\^$.|?*+()[\]{}]/g, "\\$&")}\u0002([^\u0002]*)\u0002`;
      const own = `regexp_extract(${column}, '${quoted(found)}', 1)`;
      return `(${has} AND regexp_full_match(${own}, ${literal(value)}, 's'))`;
    }
  }
}

/** Whether a condition holds where its text is not found. */
export function isNegative({ operator }: AttributeCondition): boolean {
  return operator === "isNot" || operator === "matchesNot";
}

/** Milliseconds as a literal of nanoseconds: not before 1970, not beyond 64 bits. */
export function nanosecondsSql(ms: number): string {
  const value = BigInt(Math.round(Math.min(Math.max(ms, 0), 18_446_744_073_709))) * 1_000_000n;
  return `${value}::UBIGINT`;
}
