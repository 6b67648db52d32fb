// Sending one request, and what came of it.

import type { Signal } from "../signal.ts";

/** What became of a request. */
export type SendResult =
  /** Taken; of its records, so many were rejected one by one (OTLP's partial success). */
  | { readonly kind: "accepted"; readonly rejected: number; readonly message?: string }
  /** Not now; after so long, if the receiver said so. */
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs?: number | undefined }
  /** Never: the receiver understood it and does not want it. */
  | { readonly kind: "refused"; readonly reason: string };

/** Sends requests of one signal. */
export interface Sender {
  /** Whether nobody reads a body any more once it was accepted or refused. */
  readonly isDoneWithBody: boolean;
  /** Never rejects: what went wrong is in the result. */
  send(body: Uint8Array<ArrayBuffer>, stop: AbortSignal): Promise<SendResult>;
  /** Closes connections. */
  close(): void;
}

/** What a sender is for. */
export interface SenderPurpose {
  readonly signal: Signal;
}
