// A request that is answered with an error; thrown anywhere below a route, and written in the form of that route.

import { FlxError } from "@flx/model";

/** The error types of Prometheus' HTTP API. */
export type ErrorType =
  | "bad_data"
  | "canceled"
  | "execution"
  | "internal"
  | "not_acceptable"
  | "not_found"
  | "timeout"
  | "unauthorized"
  | "forbidden"
  | "too_many_requests"
  | "unavailable";

const STATUS: Readonly<Record<ErrorType, number>> = {
  bad_data: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  not_acceptable: 406,
  execution: 422,
  too_many_requests: 429,
  canceled: 499,
  internal: 500,
  timeout: 503,
  unavailable: 503,
};

/** A request that cannot be answered as it was asked. */
export class Refusal extends FlxError {
  override readonly name = "Refusal";
  readonly type: ErrorType;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param message for whoever asked; nothing of the inside
   */
  constructor(
    type: ErrorType,
    message: string,
    options: ErrorOptions & {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super("FLX_API_REFUSAL", message, options);
    this.type = type;
    this.status = options.status ?? STATUS[type];
    this.headers = options.headers ?? {};
  }
}
