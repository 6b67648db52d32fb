// The name of the function around a place in a source, by how code is laid out. For code that was made small: its stack
// says `t`, its map leads to the source, and there the function has a name.
//
//   class Cart {
//     async pay(order: Order) {             <- the first line above with less indentation that begins a function: pay
//       if (order.isOpen) {                 <- less indentation, too, but no function
//         await charge(order);              <- the place
//
// A guess, as every answer from text is; where the layout says nothing, there is no answer.

const NOT_FUNCTIONS =
  /^(?:if|for|while|switch|catch|with|return|await|new|else|do|try|finally|throw|typeof)$/;

const HEADERS: readonly RegExp[] = [
  /\bfunction\s*\*?\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/u,
  /(?:const|let|var)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?::[^=]{0,200})?=\s*(?:async\s*)?(?:function\b|\([^]*?=>|[\w$]+\s*=>)/u,
  /([\p{ID_Start}$_#][\p{ID_Continue}$]*)\s*[:=]\s*(?:async\s*)?(?:function\b|\([^()]{0,400}\)\s*(?::[^=]{0,100})?=>|[\w$]+\s*=>)/u,
  /^\s*(?:(?:export|default|public|private|protected|static|override|async|get|set|readonly)\s+)*\*?([\p{ID_Start}$_#][\p{ID_Continue}$]*)\s*(?:<[^>]{0,200}>)?\([^]*\{\s*$/u,
];

const ANONYMOUS = /(?:=>|\bfunction\s*\*?\s*\([^)]*\))\s*\{?\s*$/;
const MAX_LINES = 400;

/** The name; undefined for code outside of functions, for a function without one, and when it cannot be told. */
export function enclosingFunction(
  lines: readonly string[],
  line: number,
  column: number,
): string | undefined {
  const own = lines[line - 1];
  if (own === undefined) return undefined;
  const before = own.slice(0, column - 1);
  const inLine = /=>|\{/.test(before) ? headerName(before.slice(0, 400)) : undefined;
  if (inLine !== undefined) return inLine;
  let indent = indentOf(own);
  for (let i = line - 2; i >= 0 && i >= line - MAX_LINES && indent > 0; i--) {
    const text = lines[i]!;
    if (text.trim() === "" || indentOf(text) >= indent) continue;
    indent = indentOf(text);
    const name = headerName(text.slice(0, 400));
    if (name !== undefined) return name;
    if (ANONYMOUS.test(text)) return undefined;
  }
  return undefined;
}

function headerName(text: string): string | undefined {
  for (const header of HEADERS) {
    const name = header.exec(text)?.[1];
    if (name !== undefined && !NOT_FUNCTIONS.test(name)) return name;
  }
  return undefined;
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}
