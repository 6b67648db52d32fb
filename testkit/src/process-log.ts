// The output of a child process: the last lines of stdout and stderr in the order they arrived.
//
// Both streams are cut into lines; a line is the unit that is dated, kept and matched. What follows the
// last newline (a prompt, a line being written) is matched too, as the open line of its stream.
// The log is bounded: when it holds more than `maxChars`, the oldest lines go and their number is told.
//
// The order between stdout and stderr is the order of arrival here: two pipes have no common clock.

/** One line of output. */
export interface LogLine {
  /** When its first part arrived, ms since the epoch. */
  readonly atMs: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

type OpenLine = { atMs: number; text: string };

/** Collects output and tells listeners of each new or growing line. */
export class ProcessLog {
  readonly #maxChars: number;
  readonly #lines: LogLine[] = [];
  readonly #open = new Map<LogLine["stream"], OpenLine>();
  readonly #listeners = new Set<() => void>();
  #chars = 0;
  #dropped = 0;

  /** @param maxChars how much text is kept, in UTF-16 units */
  constructor(maxChars: number = 4 * 1024 * 1024) {
    this.#maxChars = maxChars;
  }

  /** Takes a piece of output as it came from the pipe. */
  append(stream: LogLine["stream"], chunk: string): void {
    const open = this.#open.get(stream) ?? { atMs: Date.now(), text: "" };
    const parts = (open.text + chunk).split("\n");
    const rest = parts.pop() ?? "";
    let atMs = open.atMs;
    for (const text of parts) {
      this.#keep({ atMs, stream, text: text.endsWith("\r") ? text.slice(0, -1) : text });
      atMs = Date.now();
    }
    // A line that never ends must not outgrow the log either.
    if (rest === "") this.#open.delete(stream);
    else this.#open.set(stream, { atMs, text: rest.slice(-this.#maxChars) });
    for (const listener of this.#listeners) listener();
  }

  /** All kept lines, oldest first; lines still being written last. */
  lines(): readonly LogLine[] {
    const open = [...this.#open].map(([stream, { atMs, text }]): LogLine => ({
      atMs,
      stream,
      text,
    }));
    return [...this.#lines, ...open];
  }

  /** The kept text, one line each; says so when older lines were dropped. */
  text(): string {
    const lines = this.lines().map((line) => line.text);
    if (this.#dropped > 0) lines.unshift(`(${this.#dropped} older lines dropped)`);
    return lines.join("\n");
  }

  /** The last `count` lines, indented, for an error message. */
  tail(count: number): string {
    const lines = this.lines().slice(-count);
    if (lines.length === 0) return "  (it wrote nothing)";
    return lines.map((line) => `  ${line.stream === "stderr" ? "!" : "|"} ${line.text}`).join("\n");
  }

  /** The first kept line that matches, or undefined. */
  find(pattern: RegExp): RegExpExecArray | undefined {
    // A `g` or `y` expression remembers where it stopped; a search over lines must not.
    const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ""));
    for (const line of this.lines()) {
      const match = stateless.exec(line.text);
      if (match !== null) return match;
    }
    return undefined;
  }

  /** Calls `listener` after each piece of output until the returned function is called. */
  onOutput(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #keep(line: LogLine): void {
    this.#lines.push(line);
    this.#chars += line.text.length + 1;
    while (this.#chars > this.#maxChars && this.#lines.length > 1) {
      const oldest = this.#lines.shift();
      this.#chars -= (oldest?.text.length ?? 0) + 1;
      this.#dropped++;
    }
  }
}
