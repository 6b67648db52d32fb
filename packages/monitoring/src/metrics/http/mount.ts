// Where metrics are found inside an application.

import type { MetricsHandlerOptions } from "./scrape-endpoint.ts";

/** How metrics are served inside an application. */
export interface MountOptions extends MetricsHandlerOptions {
  /** Their path (default "/metrics"). */
  readonly path?: string;
}

/** The path of a request's URL. */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}
