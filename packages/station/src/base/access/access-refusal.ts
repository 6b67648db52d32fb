// Why somebody is not let in; each door writes it in its own form (HTTP status, gRPC status).

import { FlxError, type FlxErrorCode } from "@flx/model";

export type AccessRefusalKind = "unauthorized" | "forbidden" | "limited";

const CODES: Readonly<Record<AccessRefusalKind, FlxErrorCode>> = {
  unauthorized: "FLX_ACCESS_UNAUTHORIZED",
  forbidden: "FLX_ACCESS_FORBIDDEN",
  limited: "FLX_ACCESS_LIMITED",
};

/** Somebody is not let in. The message is for whoever asked: it never says which part of a credential was wrong. */
export class AccessRefusal extends FlxError {
  override readonly name = "AccessRefusal";
  readonly kind: AccessRefusalKind;
  /** For WWW-Authenticate; only of `unauthorized`. */
  readonly challenges: readonly string[];
  /** For the log, never for whoever asked: the user it claimed to be, when there is one of that name. */
  readonly user: string | undefined;
  /** When to come again, ms; only of `limited`. */
  readonly retryAfterMs: number;

  constructor(
    kind: AccessRefusalKind,
    message: string,
    more: {
      readonly challenges?: readonly string[];
      readonly retryAfterMs?: number;
      readonly user?: string | undefined;
    } = {},
  ) {
    super(CODES[kind], message);
    this.kind = kind;
    this.challenges = more.challenges ?? [];
    this.user = more.user;
    this.retryAfterMs = more.retryAfterMs ?? 0;
  }
}
