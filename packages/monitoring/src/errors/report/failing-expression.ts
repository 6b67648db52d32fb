// Where the expression ends that begins at the place of a frame.
//
//   throw new RangeError("no", { cause });        new RangeError("no", { cause })
//   return payments.charge(order).total;          charge(order)       V8 points at the name that was called
//   const id = order.customer.id;                 id
//
// Only within the line: what goes on in the next one is marked up to the end of this one.

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const NEW = /new\s+[\p{ID_Start}$_][\p{ID_Continue}$.]*/uy;
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** The end of the expression that begins at `start` (from 0) in a line; at least one character further. */
export function expressionEnd(line: string, start: number): number {
  if (line.startsWith("throw ", start)) return statementEnd(line, start);
  const isNew = matchAt(NEW, line, start);
  let end = isNew ?? matchAt(WORD, line, start) ?? start + 1;
  if (line.startsWith("await ", start)) return expressionEnd(line, start + 6);
  if (line[end] === "(" || line[end] === "[") end = bracketEnd(line, end);
  return Math.min(Math.max(end, start + 1), Math.max(line.length, start + 1));
}

function matchAt(pattern: RegExp, line: string, at: number): number | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(line);
  return found === null ? undefined : at + found[0].length;
}

function statementEnd(line: string, start: number): number {
  const rest = line.slice(start).replace(/\s*\/\/[^'"`]*$/, "");
  return start + rest.trimEnd().replace(/;$/, "").length;
}

/** Behind the bracket that closes the one at `at`; the end of the line when none does. */
function bracketEnd(line: string, at: number): number {
  const open: string[] = [];
  for (let i = at; i < line.length; i++) {
    const character = line[i]!;
    if (character === '"' || character === "'" || character === "`") {
      i = stringEnd(line, i);
    } else if (CLOSING[character] !== undefined) open.push(CLOSING[character]);
    else if (character === open.at(-1)) {
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
