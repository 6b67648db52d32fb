// A report for a terminal, or as plain text.
//
//    TypeError  Cannot read properties of undefined (reading 'net')   ERR_NO_RATE
//
//    ❯ price  src/pricing.ts:12:24
//        11 │ export function price(order: Order): number {
//      ❯ 12 │   return rates.lookup(order.country).net;
//           │                                      ^^^
//        order = Order { id: 7, country: 'XX' }
//
//      12 frames of fastify
//
//    Caused by  RangeError  ...
//
// Nothing of the error reaches the terminal unescaped (safe-text.ts). Lines are cut to the width, messages are wrapped.

import { isAbsolute, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { CodeFrame, CodeLine } from "../report/code-frame.ts";
import type {
  Breadcrumb,
  ErrorReport,
  FrameEntry,
  FullReport,
  ReportField,
  ReportFrame,
} from "../report/report.ts";
import { isPlainText, safeLine, safeText } from "./safe-text.ts";
import { cutToWidth, textWidth } from "./text-width.ts";
import { DARK_THEME, type Theme, type ThemePart } from "./theme.ts";

/** How a report is written. */
export interface TerminalSettings {
  readonly color?: boolean | undefined;
  /** Paths as links. */
  readonly links?: boolean | undefined;
  /** Columns (default 100). */
  readonly width?: number | undefined;
  readonly theme?: Theme | undefined;
  /** Paths are shown relative to it (default: the working directory). */
  readonly root?: string | undefined;
  /** Where a link leads, as "vscode://file{file}:{line}:{column}" (default file://). */
  readonly editor?: string | undefined;
}

/** The report as lines for a terminal, with a line feed at the end. */
export function renderTerminal(report: FullReport, settings: TerminalSettings = {}): string {
  return writer.write(report, settings);
}

/** The same without colours and links. */
export function renderPlain(report: FullReport, settings: TerminalSettings = {}): string {
  return renderTerminal(report, { ...settings, color: false, links: false });
}

const MAX_MESSAGE_LINES = 20;

/** Frames that were written before, for a theme, by all else that makes a difference. */
const writtenFrames = new WeakMap<
  ReportFrame,
  { readonly theme: Theme; readonly texts: Map<string, string> }
>();

class TerminalWriter {
  #color = false;
  #links = false;
  #width = 0;
  #theme: Theme = DARK_THEME;
  #root = "";
  #editor: string | undefined;
  /** Settings that make a difference to a frame, as one text. */
  #looks = "";
  #out: string[] = [];

  write(report: FullReport, settings: TerminalSettings): string {
    this.#color = settings.color ?? false;
    this.#links = settings.links ?? false;
    this.#width = Math.max(40, settings.width ?? 100);
    this.#theme = settings.theme ?? DARK_THEME;
    this.#root = settings.root ?? process.cwd();
    this.#editor = settings.editor;
    this.#looks = `${this.#width} ${this.#color} ${this.#links} ${this.#root} ${this.#editor}`;
    this.#out = [];
    this.#line("");
    this.#error(report, "  ", undefined);
    this.#crumbs(report.breadcrumbs);
    this.#ids(report);
    const text = `${this.#out.join("\n")}\n`;
    this.#out = [];
    return text;
  }

  #error(report: ErrorReport, indent: string, relation: string | undefined): void {
    this.#head(report, indent, relation);
    if (report.isRepeated) {
      this.#line(`${indent}${this.#paint("dim", "it stands above already")}`);
      return;
    }
    for (const field of report.properties) this.#field(field, indent);
    for (const note of report.notes) this.#said("note", note, indent);
    if (report.help !== undefined) this.#said("help", report.help, indent);
    if (report.docs !== undefined) this.#said("docs", report.docs, indent);
    this.#line("");
    for (const entry of report.frames) this.#entry(entry, indent);
    for (const [i, each] of report.errors.entries()) {
      this.#line("");
      this.#error(each, `${indent}  `, `${i + 1} of ${report.errors.length + report.moreErrors}`);
    }
    if (report.moreErrors > 0) {
      this.#line(`${indent}  ${this.#paint("dim", `${report.moreErrors} more errors`)}`);
    }
    if (report.cause !== undefined) {
      this.#line("");
      this.#error(report.cause, indent, "caused by");
    }
  }

  #head({ type, message, code, isError }: ErrorReport, indent: string, relation?: string): void {
    const before = relation === undefined ? "" : `${this.#paint("dim", relation)}  `;
    const shownType = isError ? safeLine(type) : `${safeLine(type)} was thrown`;
    const title = this.#color ? this.#paint("title", ` ${shownType} `) : `${shownType}:`;
    const lines = this.#wrapped(safeText(message), this.#width - indent.length - 2);
    const tail = code === undefined ? "" : `  ${this.#paint("dim", `[${safeLine(code)}]`)}`;
    const [first = "", ...rest] = lines;
    const used =
      indent.length + textWidth(relation ?? "") + 2 + textWidth(shownType) + 4 + textWidth(first);
    if (used + (code?.length ?? 0) + 4 <= this.#width) {
      this.#line(`${indent}${before}${title} ${this.#paint("message", first)}${tail}`);
    } else {
      this.#line(`${indent}${before}${title}${tail.slice(1)}`);
      this.#line(`${indent}  ${this.#paint("message", first)}`);
    }
    for (const each of rest.slice(0, MAX_MESSAGE_LINES)) {
      this.#line(`${indent}  ${this.#paint("message", each)}`);
    }
    if (rest.length > MAX_MESSAGE_LINES) {
      this.#line(
        `${indent}  ${this.#paint("dim", `${rest.length - MAX_MESSAGE_LINES} more lines`)}`,
      );
    }
  }

  #wrapped(text: string, width: number): readonly string[] {
    const lines: string[] = [];
    for (const line of text.split("\n")) {
      let rest = line;
      while (textWidth(rest) > width && lines.length <= MAX_MESSAGE_LINES * 4) {
        const part = cutToWidth(rest, width + 1).slice(0, -1);
        const blank = part.lastIndexOf(" ");
        const end = blank > width / 2 ? blank : part.length;
        lines.push(rest.slice(0, end));
        rest = rest.slice(end).trimStart();
      }
      lines.push(rest);
    }
    return lines;
  }

  #field({ name, value }: ReportField, indent: string): void {
    const shown = safeLine(name);
    const left = Math.max(16, this.#width - indent.length - textWidth(shown) - 5);
    this.#line(
      `${indent}  ${this.#paint("field", shown)}${this.#paint("dim", " = ")}${cutToWidth(safeLine(value), left)}`,
    );
  }

  #said(what: string, text: string, indent: string): void {
    const lines = this.#wrapped(safeText(text), this.#width - indent.length - what.length - 4);
    for (const [i, each] of lines.slice(0, MAX_MESSAGE_LINES).entries()) {
      const head = i === 0 ? `${what}: ` : " ".repeat(what.length + 2);
      this.#line(`${indent}  ${this.#paint("help", head + each)}`);
    }
  }

  #entry(entry: FrameEntry, indent: string): void {
    if (entry.kind === "folded") {
      this.#line(`${indent}  ${this.#paint("dim", foldedText(entry.count, entry.reason))}`);
      return;
    }
    this.#frame(entry, indent);
    if (entry.code !== undefined) this.#line("");
  }

  /** A frame without variables looks the same each time: it is kept as it was written. */
  #frame(frame: ReportFrame, indent: string): void {
    if (frame.locals !== undefined) {
      this.#writeFrame(frame, indent);
      return;
    }
    let known = writtenFrames.get(frame);
    if (known === undefined || known.theme !== this.#theme) {
      known = { theme: this.#theme, texts: new Map() };
      writtenFrames.set(frame, known);
    }
    const key = `${indent.length} ${this.#looks}`;
    let text = known.texts.get(key);
    if (text === undefined) {
      const from = this.#out.length;
      this.#writeFrame(frame, indent);
      text = this.#out.splice(from).join("\n");
      if (known.texts.size < 4) known.texts.set(key, text);
    }
    this.#out.push(text);
  }

  #writeFrame(frame: ReportFrame, indent: string): void {
    const words = [frame.isAsync ? "async" : "", frame.isConstructor ? "new" : ""];
    const name = [...words, safeLine(frame.functionName ?? "<anonymous>")]
      .filter((word) => word !== "")
      .join(" ");
    this.#line(
      `${indent}${this.#paint("dim", "at")} ${this.#paint("function", name)}  ${this.#location(frame)}`,
    );
    if (frame.code !== undefined) this.#code(frame.code, indent);
    for (const local of frame.locals ?? []) this.#field(local, `${indent}    `);
  }

  #location({ file, line, column }: ReportFrame): string {
    if (file === undefined) return this.#paint("dim", "native");
    const place = line === undefined ? "" : `:${line}:${column ?? 1}`;
    const shown = this.#paint("location", safeLine(this.#shortPath(file)) + place);
    if (!this.#links || !isAbsolute(file)) return shown;
    return `\u001b]8;;${this.#target(file, line ?? 1, column ?? 1)}\u0007${shown}\u001b]8;;\u0007`;
  }

  #target(file: string, line: number, column: number): string {
    const url = pathToFileURL(file);
    if (this.#editor === undefined) return url.href;
    return this.#editor
      .replaceAll("{file}", url.pathname)
      .replaceAll("{line}", String(line))
      .replaceAll("{column}", String(column));
  }

  #shortPath(file: string): string {
    if (!isAbsolute(file)) return file;
    if (this.#root !== "/" && file.startsWith(`${this.#root}/`)) {
      return file.slice(this.#root.length + 1);
    }
    const short = relative(this.#root, file);
    return short.startsWith("..") || short === "" ? file : short;
  }

  #code({ lines, line, mark }: CodeFrame, indent: string): void {
    const digits = String(lines.at(-1)?.number ?? line).length;
    const shift = commonIndent(lines);
    const room = Math.max(10, this.#width - indent.length - digits - 7);
    for (const each of lines) {
      const number = String(each.number).padStart(digits);
      if (each.number !== line) {
        const gutter = this.#paint("dim", `  ${number} │`);
        this.#line(`${indent}  ${gutter} ${this.#codeText(each, shift, room)}`);
        continue;
      }
      const gutter = `${this.#paint("mark", `❯ ${number}`)} ${this.#paint("dim", "│")}`;
      const { from, at, length } = this.#marked(each, mark, shift, room);
      const lead = from > shift ? this.#paint("dim", "…") : "";
      const text = this.#codeText(each, from, room - (lead === "" ? 0 : 1));
      this.#line(`${indent}  ${gutter} ${lead}${text}`);
      const carets = this.#paint("mark", "^".repeat(length));
      const below = `${" ".repeat(digits)} ${this.#paint("dim", "│")} ${" ".repeat(at)}`;
      this.#line(`${indent}    ${below}${carets}`);
    }
  }

  /** Where a failing line begins, so that what failed is seen, and which columns are marked. */
  #marked(
    line: CodeLine,
    mark: CodeFrame["mark"],
    shift: number,
    room: number,
  ): { readonly from: number; readonly at: number; readonly length: number } {
    const text = textOf(line);
    const start = columnOf(text, mark.start);
    const whole = Math.max(1, columnOf(text, mark.end) - start);
    const isSeen = start - shift + Math.min(whole, Math.floor(room / 2)) <= room;
    const from = isSeen ? shift : Math.max(shift, mark.start - Math.floor(room / 3));
    const at = start - columnOf(text, from) + (from > shift ? 1 : 0);
    return { from, at: Math.max(0, at), length: Math.max(1, Math.min(whole, room - at)) };
  }

  #codeText({ tokens }: CodeLine, from: number, room: number): string {
    let left = room;
    let skip = from;
    let out = "";
    for (const { kind, text } of tokens) {
      if (skip >= text.length) {
        skip -= text.length;
        continue;
      }
      const part = skip === 0 ? text : text.slice(skip);
      skip = 0;
      const isPlain = isPlainText(part);
      const shown = isPlain ? part : safeLine(part);
      const width = isPlain ? part.length : textWidth(shown);
      out += this.#paint(kind, width > left ? cutToWidth(shown, left) : shown);
      left -= width;
      if (left <= 0) break;
    }
    return out;
  }

  #crumbs(crumbs: readonly Breadcrumb[]): void {
    if (crumbs.length === 0) return;
    this.#line("");
    for (const [depth, { message, fields }] of crumbs.entries()) {
      const said = fields
        .map(({ name, value }) => `${safeLine(name)}=${safeLine(value)}`)
        .join(" ");
      const lead = depth === 0 ? "while " : `${"  ".repeat(Math.min(depth, 8))}  └ `;
      const text = cutToWidth(
        `${lead}${safeLine(message)}${said === "" ? "" : `  ${said}`}`,
        this.#width - 2,
      );
      this.#line(`  ${this.#paint("dim", text)}`);
    }
  }

  #ids({ errorId, fingerprint, traceId }: FullReport): void {
    const trace = traceId === undefined ? [] : [`trace ${safeLine(traceId)}`];
    const [error, group] = [`error ${errorId}`, `group ${fingerprint}`];
    const line = [error, group, ...trace].join("   ");
    this.#line("");
    const lines = line.length + 2 <= this.#width ? [line] : [error, ...trace, group];
    for (const each of lines) this.#line(`  ${this.#paint("dim", each)}`);
  }

  #paint(part: ThemePart, text: string): string {
    const code = this.#color ? this.#theme[part] : "";
    return code === "" || text === "" ? text : `\u001b[${code}m${text}\u001b[0m`;
  }

  #line(text: string): void {
    // Two empty lines say no more than one.
    if (text === "" && this.#out.at(-1) === "") return;
    this.#out.push(text);
  }
}

/** One for all reports: nothing in it waits for anything. While it is there, so is the code that V8 has compiled for it. */
const writer = new TerminalWriter();

/** "12 frames of fastify" */
export function foldedText(count: number, reason: string): string {
  const frames = count === 1 ? "1 frame" : `${count} frames`;
  if (reason === "recursion") return `${frames} more of the same (recursion)`;
  if (reason === "above") return `${frames} as above`;
  return reason === "more" ? `${frames} more` : `${frames} of ${safeLine(reason)}`;
}

/** Columns before a character of a line. */
function columnOf(text: string, at: number): number {
  return textWidth(safeLine(text.slice(0, at)));
}

function textOf({ tokens }: CodeLine): string {
  let text = "";
  for (const token of tokens) text += token.text;
  return text;
}

function commonIndent(lines: readonly CodeLine[]): number {
  let least = Infinity;
  for (const { tokens } of lines) {
    // Blanks at the beginning are in one token, with or without what follows.
    const text = tokens[0]?.text ?? "";
    const indent = text.length - text.trimStart().length;
    if (indent === text.length && tokens.length < 2) continue;
    // A tab is two columns wide here; lines that are indented by them stay as they are.
    least = text.startsWith("\t") ? 0 : Math.min(least, indent);
  }
  return least === Infinity ? 0 : least;
}
