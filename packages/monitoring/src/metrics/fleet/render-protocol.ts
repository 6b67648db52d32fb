// What the main thread and the thread that serves its metrics say to each other.

import type { AddressInfo } from "node:net";

/** How the serving thread is started. */
export interface RenderSettings {
  readonly port: number;
  readonly host: string | undefined;
  readonly maxConnections: number | undefined;
  readonly maxUrlLength: number | undefined;
  readonly createdSeries: boolean;
  /** Paths that the main thread answers, and the socket it answers them on. */
  readonly paths: readonly string[];
  readonly socketPath: string;
}

/** To the serving thread. */
export type RenderOrder =
  | { readonly kind: "route"; readonly path: string }
  | { readonly kind: "close"; readonly graceMs: number };

/** From the serving thread. */
export type RenderReport =
  | ({ readonly kind: "listening"; readonly url: string } & Pick<AddressInfo, "port"> & {
        readonly host: string;
      })
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "closed" };
