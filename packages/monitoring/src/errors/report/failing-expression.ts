// Where the expression ends that begins at the place of a frame.
//
//   throw new RangeError("no", { cause });        new RangeError("no", { cause })
//   return payments.charge(order).total;          charge(order)       V8 points at the name that was called
//   const id = order.customer.id;                 id
//
// Only within the line: what goes on in the next one is marked up to the end of this one.

import { wordEnd } from "./highlight.ts";

/** The end of the expression that begins at `start` (from 0) in a line; at least one character further. */
export function expressionEnd(line: string, start: number): number {
  if (line.startsWith("throw ", start)) return statementEnd(line, start);
  const word = line.startsWith("new ", start) ? classEnd(line, start + 4) : wordEnd(line, start);
  let end = Math.max(word, start + 1);
  if (line.startsWith("await ", start)) return expressionEnd(line, start + 6);
  if (line[end] === "(" || line[end] === "[") end = bracketEnd(line, end);
  return Math.min(Math.max(end, start + 1), Math.max(line.length, start + 1));
}

/** Behind the name of a class, which may have dots: `errors.NotFound`. */
function classEnd(line: string, start: number): number {
  let at = start;
  while (line[at] === " ") at++;
  let end = wordEnd(line, at);
  while (end > at && line[end] === ".") {
    at = end + 1;
    end = wordEnd(line, at);
  }
  return end;
}

function statementEnd(line: string, start: number): number {
  const rest = line.slice(start).replace(/\s*\/\/[^'"`]*$/, "");
  return start + rest.trimEnd().replace(/;$/, "").length;
}

/** Behind the bracket that closes the one at `at`; the end of the line when none does. */
function bracketEnd(line: string, at: number): number {
  const open: number[] = [];
  for (let i = at; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code === 34 || code === 39 || code === 96) i = stringEnd(line, i);
    else if (code === 40) open.push(41);
    else if (code === 91 || code === 123) open.push(code + 2);
    else if ((code === 41 || code === 93 || code === 125) && code === open.at(-1)) {
      open.pop();
      if (open.length === 0) return i + 1;
    }
  }
  return line.trimEnd().length;
}

function stringEnd(line: string, start: number): number {
  let at = start + 1;
  while (at < line.length && line[at] !== line[start]) at += line[at] === "\\" ? 2 : 1;
  return at;
}
