// Answers probes from the state, whichever server they came through. No check is run.
//
//   URL ──► plan (kept, 256 of them) ──► answer of this version (kept) ──► status, headers, body
//                                             │
//             version + 1 ────────────────────┘ made anew, once
//
// So a probe costs two look-ups and the writing. What strangers can make up (URLs, headers) is bounded: a URL has 2,048
// characters at most, and when 256 are known, the plans are forgotten.

import { groupStateOf, statusOf } from "../aggregate.ts";
import type { GroupState, HealthSource } from "../health-source.ts";
import { CONTENT_TYPES, probeBody, type ProbeFacts } from "./probe-body.ts";
import type { ProbeFormat } from "./probe-format.ts";
import { type ProbeFault, ProbeRoutes, type ProbeTarget } from "./probe-route.ts";

/** A source whose lists with numbers can be kept, too: a HealthChecker. */
export interface ProbedSource extends HealthSource {
  /** Changes with every result. */
  readonly revision?: number;
  /** Begins to keep the state fresh; called when an endpoint is made. */
  start?(): void;
}

/** An answer, ready to be sent. */
export interface ProbeAnswer {
  readonly status: number;
  /** Names and values in turn, as node:http likes them best. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** A URL, and the answers to it that are known. */
export class ProbePlan {
  readonly target: ProbeTarget;
  readonly #answers = new Map<string, { readonly version: number; readonly answer: ProbeAnswer }>();

  constructor(target: ProbeTarget) {
    this.target = target;
  }

  /** The answer of a version, made when it is not known. */
  answer(key: string, version: number, make: () => ProbeAnswer): ProbeAnswer {
    const known = this.#answers.get(key);
    if (known?.version === version) return known.answer;
    const answer = make();
    this.#answers.set(key, { version, answer });
    return answer;
  }
}

const MAX_PLANS = 256;

/** Answers probes of one source. */
export class ProbeEndpoint {
  readonly routes: ProbeRoutes;
  readonly #source: ProbedSource;
  readonly #plans = new Map<string, ProbePlan>();

  constructor(source: ProbedSource, prefix: string) {
    this.#source = source;
    this.routes = new ProbeRoutes(prefix);
    // A state that nobody keeps fresh would be "unknown" for ever.
    source.start?.();
  }

  /** What a URL asks for; a fault's answer when it asks for nothing. */
  plan(url: string): ProbePlan | ProbeAnswer {
    const known = this.#plans.get(url);
    if (known !== undefined) return known;
    const target = this.routes.read(url);
    if (typeof target === "number") return FAULTS[target];
    if (this.#plans.size >= MAX_PLANS) this.#plans.clear();
    const plan = new ProbePlan(target);
    this.#plans.set(url, plan);
    return plan;
  }

  /** Whether the answer shows more to those with access. */
  hasDetails({ target }: ProbePlan, format: ProbeFormat): boolean {
    return format !== "text" || target.isVerbose;
  }

  /** The answer to a plan. */
  answer(plan: ProbePlan, format: ProbeFormat, withDetails: boolean): ProbeAnswer {
    const { target } = plan;
    const { version, revision } = this.#source;
    const make = () => this.#make(target, format, withDetails);
    if (!withDetails || !target.isVerbose) {
      return plan.answer(withDetails ? `${format}+` : format, version, make);
    }
    return revision === undefined ? make() : plan.answer(`${format}++`, revision, make);
  }

  #make(target: ProbeTarget, format: ProbeFormat, withDetails: boolean): ProbeAnswer {
    const facts = factsOf(this.#source, target, withDetails);
    if (facts === undefined) return FAULTS[404];
    return probeAnswer(
      facts.state.serving ? 200 : 503,
      CONTENT_TYPES[format],
      probeBody(facts, format),
    );
  }
}

/** undefined when there is no such component. */
function factsOf(
  source: HealthSource,
  target: ProbeTarget,
  withDetails: boolean,
): ProbeFacts | undefined {
  const { probe, group, component: name, exclude, isVerbose } = target;
  if (name !== undefined) return componentFacts(source, target, name, withDetails);
  const isWhole = exclude.length === 0;
  if (isWhole && !withDetails) {
    return { probe, state: source.state(group)!, components: undefined, isVerbose };
  }
  const report = source.snapshot(group)!;
  const components = report.components.filter((each) => !exclude.includes(each.name));
  const state = isWhole ? report : stateWithout(report, components, source);
  return { probe, state, components: withDetails ? components : undefined, isVerbose };
}

function stateWithout(
  report: GroupState,
  components: Parameters<typeof statusOf>[0],
  source: HealthSource,
): GroupState {
  const isStarting = source.state("startup")?.serving === false;
  const { group, lifecycle } = report;
  return groupStateOf(group, statusOf(components), { lifecycle, isStarting });
}

function componentFacts(
  source: HealthSource,
  { probe, group, isVerbose }: ProbeTarget,
  name: string,
  withDetails: boolean,
): ProbeFacts | undefined {
  const component = source.component(name);
  const kinds: readonly string[] = component?.kinds ?? [];
  if (component === undefined || (group !== undefined && !kinds.includes(group))) return undefined;
  const { status } = component;
  const isUp = status === "healthy" || status === "degraded";
  const serving = isUp || (group === "liveness" && status === "unknown");
  const state = { status, serving, word: status };
  return { probe, state, components: withDetails ? [component] : undefined, isVerbose };
}

function probeAnswer(
  status: number,
  contentType: string,
  body: string,
  more: readonly string[] = [],
): ProbeAnswer {
  const headers = [
    "content-type",
    contentType,
    "content-length",
    String(Buffer.byteLength(body)),
    "cache-control",
    "no-store",
    "x-content-type-options",
    "nosniff",
    ...more,
  ];
  return { status, headers, body };
}

const plain = (status: number, text: string, more: readonly string[] = []): ProbeAnswer =>
  probeAnswer(status, CONTENT_TYPES.text, `${text}\n`, more);

const FAULTS: Readonly<Record<ProbeFault, ProbeAnswer>> = {
  400: plain(400, "this cannot be read: an escape in the path, or more than 64 times exclude"),
  404: plain(404, "not found"),
  414: plain(414, "the URL is too long", ["connection", "close"]),
};

/** The answer to other methods: their body is not read, so the connection cannot be used again. */
export const WRONG_METHOD: ProbeAnswer = plain(405, "health is read with GET", [
  "allow",
  "GET, HEAD",
  "connection",
  "close",
]);
