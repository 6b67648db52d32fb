// The log file of one process: begun anew at each start of the shop, and again when it is full.

import { createWriteStream, type WriteStream } from "node:fs";

const fullBytes = 20_000_000;

/** A file that takes lines and never grows beyond about 20 MB. */
export class LogFile {
  readonly #path: string;
  #stream: WriteStream;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
    this.#stream = createWriteStream(path);
  }

  write(line: string): void {
    this.#bytes += line.length + 1;
    if (this.#bytes > fullBytes) {
      this.#stream.end();
      this.#stream = createWriteStream(this.#path);
      this.#bytes = line.length + 1;
    }
    this.#stream.write(`${line}\n`);
  }

  close(): void {
    this.#stream.end();
  }
}
