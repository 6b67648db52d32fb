// A value that nobody may see by accident: it prints and serialises as "<secret>", as Prometheus shows it; what
// inspects objects sees no private field.
//
//   password: s3cret              Secret, known at once
//   password_file: /run/secret    Secret, read whenever it is needed: a rotated file needs no reload

import { createHmac, randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { FlxError } from "@flx/model";

const MASK = "<secret>";

/** Of this process alone, so that a mark says nothing about its secret. */
const MARK_KEY = randomBytes(32);

/** A key or password is shorter. */
const MAX_FILE_BYTES = 64 * 1024;

/** A password, token or key. */
export class Secret {
  readonly #text: string | undefined;
  /** Absolute path of the file it stands in; undefined when it stood in the configuration. */
  readonly file: string | undefined;
  /** The same for equal secrets in one process: a reload sees by it whether one has changed. */
  readonly mark: string;

  private constructor(text: string | undefined, file: string | undefined) {
    this.#text = text;
    this.file = file;
    this.mark =
      text === undefined ? "" : createHmac("sha256", MARK_KEY).update(text).digest("base64");
  }

  /** A secret that is known. */
  static of(text: string): Secret {
    return new Secret(text, undefined);
  }

  /** A secret that stands in a file. */
  static inFile(path: string): Secret {
    return new Secret(undefined, path);
  }

  /**
   * The text, of a file without white space around it.
   *
   * @throws {FlxError} `FLX_CONFIG_SECRET` when the file cannot be read, or is longer than 64 KiB
   */
  async reveal(): Promise<string> {
    if (this.#text !== undefined) return this.#text;
    const path = this.file!;
    try {
      const { size } = await stat(path);
      if (size > MAX_FILE_BYTES) {
        throw new FlxError("FLX_CONFIG_SECRET", `${path} is longer than ${MAX_FILE_BYTES} bytes`);
      }
      return (await readFile(path, "utf8")).trim();
    } catch (error) {
      if (error instanceof FlxError) throw error;
      throw new FlxError("FLX_CONFIG_SECRET", `cannot read the secret in ${path}`, {
        cause: error,
      });
    }
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }
}
