// The fenced code blocks of a Markdown file.
//
//   ```sh needs=shop until="listening on"      info string: language, then attributes
//   npm start                                  text
//   ```
//
// An attribute is a word, word=value or word="a value with blanks" (\" and \\ inside). The fence may be of
// three or more backticks or tildes, and indented as in a list item; the same indentation is then taken off
// the text. Only what decides which text is code is read here, not Markdown as a whole: an indented code
// block has no language, so nothing could be done with it. What a block means: run-document.ts.

import { TestkitError } from "./errors.ts";

/** One fenced code block. */
export interface CodeBlock {
  /** The file as it was named to {@link codeBlocks}. */
  readonly file: string;
  /** The line of the opening fence; the text begins on the next one. */
  readonly line: number;
  /** The first word of the info string, lower case; "" when there is none. */
  readonly language: string;
  /** The attributes; "" for one without a value. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The lines between the fences, without the fence's own indentation. */
  readonly text: string;
}

const opening = /^(?<indent>[ \t>]*)(?<fence>`{3,}|~{3,})(?<info>.*)$/;

/**
 * All fenced code blocks of a Markdown text, in order.
 *
 * @param file its name in blocks and messages
 * @throws {TestkitError} `TESTKIT_DOC_SYNTAX` for a fence that is never closed, or an unreadable info string
 */
export function codeBlocks(markdown: string, file: string): CodeBlock[] {
  const lines = markdown.split(/\r?\n/);
  const blocks: CodeBlock[] = [];
  for (let i = 0; i < lines.length; i++) {
    const { indent = "", fence = "", info = "" } = opening.exec(lines[i] ?? "")?.groups ?? {};
    // `a` ``` b ``` is inline code: an info string of a backtick fence holds no backtick.
    if (fence === "" || (fence.startsWith("`") && info.includes("`"))) continue;
    const end = closingLine(lines, i + 1, fence);
    if (end === undefined) {
      throw new TestkitError("TESTKIT_DOC_SYNTAX", `${file}:${i + 1}: this fence is never closed`);
    }
    const text = lines.slice(i + 1, end).map((line) => withoutIndent(line, indent));
    blocks.push({ file, line: i + 1, text: text.join("\n"), ...parseInfo(info, file, i + 1) });
    i = end;
  }
  return blocks;
}

function closingLine(lines: readonly string[], from: number, fence: string): number | undefined {
  const closing = new RegExp(`^[ \\t>]*${fence[0]}{${fence.length},}[ \\t]*$`);
  for (let i = from; i < lines.length; i++) if (closing.test(lines[i] ?? "")) return i;
  return undefined;
}

function withoutIndent(line: string, indent: string): string {
  if (line.startsWith(indent)) return line.slice(indent.length);
  const own = /^[ \t>]*/.exec(line)?.[0].length ?? 0;
  return line.slice(Math.min(indent.length, own));
}

const attribute =
  /^(?<name>[a-z][a-z0-9-]*)(?:=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>[^\s"]+)))?(?:\s+|$)/;

function parseInfo(
  info: string,
  file: string,
  line: number,
): Pick<CodeBlock, "language" | "attributes"> {
  const [language = ""] = info.trim().split(/\s/, 1);
  const attributes = new Map<string, string>();
  let rest = info.trim().slice(language.length).trim();
  while (rest !== "") {
    const match = attribute.exec(rest);
    const { name, quoted, bare } = match?.groups ?? {};
    if (match === null || name === undefined || attributes.has(name)) {
      throw new TestkitError(
        "TESTKIT_DOC_SYNTAX",
        `${file}:${line}: cannot read the attribute at "${rest}"; write name, name=value or name="a value", each once`,
      );
    }
    attributes.set(name, quoted?.replaceAll(/\\(.)/g, "$1") ?? bare ?? "");
    rest = rest.slice(match[0].length);
  }
  return { language: language.toLowerCase(), attributes };
}
