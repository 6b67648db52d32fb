// A talk with bytes from memory, for tests of the protocols in this package: no sockets, no time, any bytes at all.

import { Secrets } from "../plugins/server-text.ts";
import { type ByteStream, Talk } from "../plugins/talk.ts";

/** A talk, and what was written in it. */
export interface ScriptedTalk {
  readonly talk: Talk;
  /** All bytes that were written so far. */
  readonly written: () => Buffer;
}

/** What the other side says next, given all that was written; undefined is the end. */
export type Script = (written: Buffer) => Uint8Array | undefined;

/** How the other side is. */
export interface ScriptOptions {
  readonly secrets?: Secrets;
  readonly isPrivate?: boolean;
  /** Default 64 KiB. */
  readonly maxBytes?: number;
}

/** A talk with somebody who says these things, one after the other, and then closes. */
export function scriptedTalk(
  answers: readonly (Uint8Array | string)[] | Script,
  { secrets = new Secrets(), isPrivate = true, maxBytes = 64 * 1024 }: ScriptOptions = {},
): ScriptedTalk {
  const writes: Uint8Array[] = [];
  let next = 0;
  const script: Script =
    typeof answers === "function"
      ? answers
      : () => {
          const answer = answers[next++];
          return typeof answer === "string" ? Buffer.from(answer, "latin1") : answer;
        };
  let isEncrypted = false;
  const stream: ByteStream = {
    at: "server:1",
    isPrivate,
    get isEncrypted() {
      return isEncrypted;
    },
    pull: async () => {
      const bytes = script(Buffer.concat(writes));
      return bytes === undefined ? undefined : Buffer.from(bytes);
    },
    write: (bytes) => void writes.push(bytes),
    startTls: async () => {
      isEncrypted = true;
    },
  };
  return { talk: new Talk(stream, secrets, maxBytes), written: () => Buffer.concat(writes) };
}
