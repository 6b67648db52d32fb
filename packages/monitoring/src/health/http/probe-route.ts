// What a probe asks for, read from its URL.
//
//   /readyz                        the group readiness
//   /readyz/postgres               one component of it
//   /readyz?verbose&exclude=redis  with the components; without one of them
//
//   livez readyz startupz healthz  ->  liveness readiness startup, everything

import type { HealthGroup } from "../health-source.ts";

/** What a probe asks for. */
export interface ProbeTarget {
  /** The word in the URL: "readyz". */
  readonly probe: string;
  readonly group: HealthGroup;
  /** One component of the group. */
  readonly component: string | undefined;
  readonly exclude: readonly string[];
  readonly isVerbose: boolean;
}

/** Why a URL asks for nothing: the status of the answer. */
export type ProbeFault = 400 | 404 | 414;

/** The probes and their groups. */
export const PROBES: ReadonlyMap<string, HealthGroup> = new Map([
  ["livez", "liveness"],
  ["readyz", "readiness"],
  ["startupz", "startup"],
  ["healthz", undefined],
]);

const MAX_URL = 2_048;
const MAX_EXCLUDED = 64;

/** Reads the URLs of probes below a prefix. */
export class ProbeRoutes {
  readonly #prefix: string;

  /** @param prefix what comes before /livez and the others: "" or "/internal" */
  constructor(prefix: string) {
    this.#prefix = prefix.replace(/\/+$/, "");
  }

  /** The paths of the probes. */
  paths(): string[] {
    return [...PROBES.keys()].map((probe) => `${this.#prefix}/${probe}`);
  }

  /** Whether the path of a URL is one of a probe. */
  has(url: string): boolean {
    return this.#probeOf(url) !== undefined;
  }

  read(url: string): ProbeTarget | ProbeFault {
    if (url.length > MAX_URL) return 414;
    const probe = this.#probeOf(url);
    if (probe === undefined) return 404;
    const rest = url.slice(this.#prefix.length + 1 + probe.length);
    const query = rest.indexOf("?");
    const path = query < 0 ? rest : rest.slice(0, query);
    const component = componentIn(path);
    const parameters = new URLSearchParams(query < 0 ? "" : rest.slice(query + 1));
    const exclude = parameters.getAll("exclude");
    if (component === null || exclude.length > MAX_EXCLUDED) return 400;
    const isVerbose = isOn(parameters.get("verbose"));
    return { probe, group: PROBES.get(probe), component, exclude, isVerbose };
  }

  #probeOf(url: string): string | undefined {
    if (!url.startsWith(`${this.#prefix}/`)) return undefined;
    const probe = /^[a-z]+(?=[/?#]|$)/.exec(url.slice(this.#prefix.length + 1))?.[0];
    return probe !== undefined && PROBES.has(probe) ? probe : undefined;
  }
}

/** The name after the slash; null when it cannot be read. */
function componentIn(path: string): string | undefined | null {
  if (path === "" || path === "/") return undefined;
  try {
    return decodeURIComponent(path.slice(1));
  } catch {
    return null;
  }
}

/** `?verbose`, `?verbose=1`, `?verbose=true`. */
function isOn(value: string | null): boolean {
  return value !== null && !["0", "false", "no"].includes(value.toLowerCase());
}
