// Attributes as one text: what is kept of them, what is searched, and what they are made from again.
//
//   ␁ http.route ␂ /orders/:id ␂ s ␁ http.response.status_code ␂ 200 ␂ n ␁
//   │ key        │ value       │ └ type: s text  n number  i integer beyond 2^53  b boolean  x bytes  j list or map  e empty
//   └ 0x01       └ 0x02, after the value again
//
// One text a span, because that is what DuckDB takes fastest and packs best, and because "has http.route = /orders/:id" is
// then "contains ␁http.route␂/orders/:id␂", which runs over a million spans in tens of milliseconds, whatever the
// attribute. Measured beside it: searching a MAP takes twenty times as long, JSON thirty times (ADR 12).
//
// Bytes 0x00 to 0x04 in keys and values are written as 0x03 and the byte + 0x40, so that no value can look like a border.
// Inside lists and maps bytes are base64 and integers beyond 2^53 texts.

import { type OtlpValue, valueText } from "@flx/model";
import type { Attributes } from "../stored-record.ts";

const ESCAPE = "\u0003";

/** Attributes as text; "" when there are none. */
export function attributeText(attributes: Attributes): string {
  if (attributes.length === 0) return "";
  let text = "\u0001";
  for (const [key, value] of attributes) {
    text += `${escaped(key)}\u0002${escaped(valueText(value))}\u0002${typeOf(value)}\u0001`;
  }
  return text;
}

/** The attributes that a text was made of. */
export function readAttributeText(text: string): [key: string, value: OtlpValue][] {
  const pairs: [string, OtlpValue][] = [];
  for (const part of text.split("\u0001")) {
    if (part === "") continue;
    const [key = "", value = "", type = "s"] = part.split("\u0002");
    pairs.push([unescaped(key), valueOf(unescaped(value), type)]);
  }
  return pairs;
}

/** A value beside a column of its own for the type: its text, and the letter's code. */
export function typedValue(value: OtlpValue): readonly [text: string, type: number] {
  return [escaped(valueText(value)), typeOf(value).charCodeAt(0)];
}

/** The value of a text and its type. */
export function readTypedValue(text: string, type: number): OtlpValue {
  return valueOf(unescaped(text), String.fromCharCode(type));
}

/** A text in which no byte looks like a border. */
export function escaped(text: string): string {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) <= 4) return escapeAll(text);
  return text;
}

function escapeAll(text: string): string {
  let out = "";
  for (const char of text) {
    const code = char.charCodeAt(0);
    out += code <= 4 ? ESCAPE + String.fromCharCode(code + 0x40) : char;
  }
  return out;
}

/** The text that was escaped. */
export function unescaped(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  const [first = "", ...rest] = text.split(ESCAPE);
  return (
    first +
    rest.map((each) => String.fromCharCode(each.charCodeAt(0) - 0x40) + each.slice(1)).join("")
  );
}

function typeOf(value: OtlpValue): string {
  switch (typeof value) {
    case "string":
      return "s";
    case "number":
      return "n";
    case "bigint":
      return "i";
    case "boolean":
      return "b";
    case "undefined":
    case "function":
    case "symbol":
      return "e";
    case "object":
    default:
      return value instanceof Uint8Array ? "x" : "j";
  }
}

function valueOf(text: string, type: string): OtlpValue {
  switch (type) {
    case "n":
      return Number(text);
    case "i":
      return BigInt(text);
    case "b":
      return text === "true";
    case "e":
      return undefined;
    case "x":
      return new Uint8Array(Buffer.from(text, "base64"));
    case "j":
      return tree(JSON.parse(text));
    default:
      return text;
  }
}

/** JSON as a value: objects become maps, so that "__proto__" is a key like any other. */
function tree(value: unknown): OtlpValue {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(tree);
  if (typeof value !== "object") return value as string | number | boolean;
  return new Map(Object.entries(value).map(([key, item]) => [key, tree(item)]));
}
