// What a route answers, before anything is written: status, headers, body.
//
// A body is whole (text, bytes) or comes in pieces; pieces are written as the client takes them, so that a large answer
// is never held as one text.

/** An answer to a request. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
}

/** A whole body, or the pieces of one. */
export type AnswerBody =
  | string
  | Uint8Array
  | Iterable<string>
  | AsyncIterable<string | Uint8Array>;

/** A JSON body. */
export function jsonAnswer(value: unknown, status = 200): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** A line of plain text. */
export function textAnswer(text: string, status = 200): Answer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${text}\n` };
}

/** No body. */
export function emptyAnswer(status = 204): Answer {
  return { status, body: "" };
}
