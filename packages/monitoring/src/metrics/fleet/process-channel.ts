// What processes say to each other, over the IPC channel that a cluster worker or a forked child has anyway.
//
//   worker                                          primary
//   ──────                                          ───────
//   hello, identity                            ──>  somebody to gather from
//                                              <──  who          at the primary's start, and for children that are adopted
//                                              <──  go           send what you have, and go on
//   delta, identity, number, bytes             ──>  taken in, when it is the next one
//                                              <──  ack, number
//                                              <──  resync       one is missing, or wrong: send everything
//
// Every message carries `flx: PROTOCOL`, and nothing else on the channel is touched. Only who is asked sends deltas: a primary
// that does not gather gets one short message a worker. Bytes go as base64, since a channel is JSON unless its owner has
// chosen otherwise.

/** The mark of our messages. */
export const PROTOCOL = "@flx/monitoring/fleet/1";

/** A longer delta is refused. */
const MAX_DELTA_CHARACTERS = 128 * 1024 * 1024;

/** From a process that shares. */
export type WorkerMessage = { readonly flx: typeof PROTOCOL; readonly identity: string } & (
  | { readonly kind: "hello" }
  | {
      readonly kind: "delta";
      readonly number: number;
      /** Whether it says everything, and what was said before is void. */
      readonly isWhole: boolean;
      readonly data: string;
    }
);

/** From the process that gathers. */
export type PrimaryMessage = { readonly flx: typeof PROTOCOL } & (
  | { readonly kind: "who" }
  | { readonly kind: "go" | "resync"; readonly identity: string }
  | { readonly kind: "ack"; readonly identity: string; readonly number: number }
);

/** What of a message is sent, the mark apart. */
export type Unmarked<Message> = Message extends unknown ? Omit<Message, "flx"> : never;

/** Whether a message is ours, right or wrong. */
export function isOurs(message: unknown): boolean {
  return (message as { flx?: unknown } | null | undefined)?.flx === PROTOCOL;
}

/** A message of a worker, when it is one. */
export function workerMessage(message: unknown): WorkerMessage | undefined {
  const { kind, identity, number, isWhole, data } = Object(message) as Record<string, unknown>;
  if (!isOurs(message) || typeof identity !== "string" || identity.length > 100) return undefined;
  if (kind === "hello") return message as WorkerMessage;
  const right =
    kind === "delta" &&
    Number.isSafeInteger(number) &&
    typeof isWhole === "boolean" &&
    typeof data === "string" &&
    data.length <= MAX_DELTA_CHARACTERS;
  return right ? (message as WorkerMessage) : undefined;
}
