// The name of the function around a place in a source, by how code is laid out. For code that was made small: its stack
// says `t`, its map leads to the source, and there the function has a name.
//
//   class Cart {                            <- of a constructor, its class is the name
//     async pay(order: Order) {             <- the first line above with less indentation that opens a function: pay
//       if (order.isOpen) {                 <- less indentation, too, but no function
//         await charge(order);              <- the place
//
// Of a line counts what is open at its end, of the place's own line what is open there: `list.map((each) => each.name)` is in
// a function that has no name, before and behind the parentheses it is not.
//
// A guess, as every answer from text is; where the layout says nothing, there is no answer.

/** What is around a place. */
interface Opened {
  readonly kind: "function" | "class";
  /** "" for none. */
  readonly name: string;
}

const NAME = String.raw`[\p{ID_Start}$_#][\p{ID_Continue}$]*`;
const NOT_FUNCTIONS =
  /^(?:if|for|while|switch|catch|with|return|await|new|else|do|try|finally|throw|typeof|function)$/;

/** What stands before the parameters of a function. */
const FUNCTION = new RegExp(
  String.raw`\bfunction\s*\*?\s*(${NAME})?\s*(?:<[^<>]{0,200}>)?\s*$`,
  "u",
);
const METHOD = new RegExp(String.raw`(?:^|[\s*;{},])(${NAME})\s*(?:<[^<>]{0,200}>)?\s*$`, "u");
/** What a function without a name of its own is called by: `name =`, `name: Type =`, `name:`. */
const ASSIGNED = new RegExp(
  String.raw`(?:^|[\s.,;{(])(${NAME})\s*(?::[^=,(){}]{0,200})?[=:]\s*(?:async\s*)?(?:<[^<>]{0,200}>)?\s*$`,
  "u",
);
const CLASS = new RegExp(String.raw`\bclass\s+(${NAME})[^{}()]*$`, "u");
const ASSIGNED_CLASS = new RegExp(String.raw`(${NAME})\s*=\s*class\b[^{}()]*$`, "u");

const MAX_LINES = 400;
const MAX_TEXT = 1_000;

/**
 * The name; "" for a function without one, undefined for code outside of functions and when it cannot be told.
 *
 * @param isConstructor the function is one: its name is that of its class
 */
export function enclosingFunction(
  lines: readonly string[],
  line: number,
  column: number,
  isConstructor = false,
): string | undefined {
  const own = lines[line - 1];
  if (own === undefined) return undefined;
  return within(lines, line, own.slice(0, column - 1), isConstructor);
}

function within(
  lines: readonly string[],
  line: number,
  before: string,
  isConstructor: boolean,
): string | undefined {
  let isInConstructor = false;
  /** The name, once it is known; undefined to look further out. */
  const named = (text: string): string | undefined => {
    for (const { kind, name } of openedBy(text)) {
      if (kind === "class") {
        if (isInConstructor || isConstructor) return name;
      } else if (name === "constructor" && isConstructor) isInConstructor = true;
      else if (!isInConstructor) return name;
    }
    return undefined;
  };
  const inLine = named(before);
  if (inLine !== undefined) return inLine;
  let indent = indentOf(lines[line - 1]!);
  for (let i = line - 2; i >= 0 && i >= line - MAX_LINES && indent > 0; i--) {
    const text = lines[i]!;
    if (text.trim() === "" || indentOf(text) >= indent) continue;
    indent = indentOf(text);
    const name = named(wholeHeader(lines, i));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The line, with those before it when it ends a list of parameters that began above. */
function wholeHeader(lines: readonly string[], at: number): string {
  const text = lines[at]!;
  if (!/^\s*[)}\]]/.test(text)) return text;
  const indent = indentOf(text);
  for (let i = at - 1; i >= 0 && i >= at - 50; i--) {
    const each = lines[i]!;
    if (each.trim() === "" || indentOf(each) > indent) continue;
    return indentOf(each) < indent || /^\s*[)}\]]/.test(each)
      ? text
      : lines.slice(i, at + 1).join(" ");
  }
  return text;
}

interface Bracket {
  readonly open: string;
  readonly at: number;
  readonly opened: Opened | undefined;
}

/** What a text opens and does not close, innermost first. */
function openedBy(whole: string): readonly Opened[] {
  const text = whole.slice(-MAX_TEXT);
  const brackets: Bracket[] = [];
  /** Arrows whose body is no block, with how deep they stand. */
  let arrows: { readonly depth: number; readonly opened: Opened }[] = [];
  let lastOpen = -1;
  const out = (): readonly Opened[] => {
    const found: [number, Opened][] = arrows.map(({ depth, opened }) => [depth + 0.5, opened]);
    for (const [depth, { opened }] of brackets.entries()) {
      if (opened !== undefined) found.push([depth + 1, opened]);
    }
    return found.toSorted(([a], [b]) => b - a).map(([, opened]) => opened);
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"' || character === "'" || character === "`") {
      const end = closing(text, at);
      if (end < 0 && character !== "`") continue;
      // Within a template, what is open before it is open still.
      if (end < 0) return out();
      at = end;
    } else if (character === "/" && text[at + 1] === "/") return out();
    else if (character === "(" || character === "[") {
      brackets.push({ open: character, at, opened: undefined });
    } else if (character === "{") {
      brackets.push({ open: character, at, opened: blockOf(text.slice(0, at), lastOpen) });
    } else if (character === ")" || character === "]" || character === "}") {
      lastOpen = brackets.pop()?.at ?? -1;
      arrows = arrows.filter(({ depth }) => depth <= brackets.length);
    } else if (character === "," || character === ";") {
      arrows = arrows.filter(({ depth }) => depth < brackets.length);
    } else if (character === "=" && text[at + 1] === ">") {
      at++;
      if (/^\s*\{/.test(text.slice(at + 1))) continue;
      const opened = arrowOf(text.slice(0, at - 1), lastOpen);
      arrows.push({ depth: brackets.length, opened });
    }
  }
  return out();
}

/** Where a text in quotes ends; below 0 when it does not. */
function closing(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[from]) return at;
  }
  return -1;
}

/** An arrow function, by what stands before its arrow. */
function arrowOf(before: string, lastOpen: number): Opened {
  const end = before.trimEnd();
  const parameters = end.endsWith(")") || /\)\s*:[^()]*$/.test(end) ? lastOpen : -1;
  const start = parameters < 0 ? before.replace(/[\w$]+\s*$/, "") : before.slice(0, parameters);
  return { kind: "function", name: ASSIGNED.exec(start)?.[1] ?? "" };
}

/** What a brace opens, by what stands before it; undefined for blocks and objects. */
function blockOf(before: string, lastOpen: number): Opened | undefined {
  if (/=>\s*$/.test(before)) return arrowOf(before.replace(/=>\s*$/, ""), lastOpen);
  const ofClass = CLASS.exec(before) ?? ASSIGNED_CLASS.exec(before);
  if (ofClass !== null) return { kind: "class", name: ofClass[1]! };
  const end = before.trimEnd();
  if (lastOpen < 0 || !(end.endsWith(")") || /\)\s*:[^()=;]*$/.test(end))) return undefined;
  const start = before.slice(0, lastOpen);
  const said = FUNCTION.exec(start);
  if (said !== null) {
    const name = said[1] ?? ASSIGNED.exec(start.slice(0, said.index))?.[1] ?? "";
    return { kind: "function", name };
  }
  const name = METHOD.exec(start)?.[1];
  return name === undefined || NOT_FUNCTIONS.test(name) ? undefined : { kind: "function", name };
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}
