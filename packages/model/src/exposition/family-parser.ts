// The structured layer: lines become metric families, with all the rules of the format.
//
//   ExpositionLineParser ─ metadata ─┐                    ┌─ FamilyDraft foo   ─ PointDraft {a="1"} ...
//                        ─ sample  ──┴─ whose is it? ─────┤
//                                                         └─ FamilyDraft bar   ...          ─ onFamily(family)
//
// What a problem costs is the smallest thing it makes useless: a line that is no line, a sample that has no place, a
// point whose samples do not fit together, a family whose name belongs to another. Everything else stays. Whoever
// wants all or nothing (OpenMetrics does: "partial or invalid expositions MUST be considered erroneous in their
// entirety") asks whether there were problems.
//
// Groups. OpenMetrics forbids lines of one family to be scattered, so a family is handed out as soon as the next
// begins. The text format asks for groups too ("must be provided as one single group"), yet Prometheus and its own
// library read scattered lines, and so do we unless `grouped` is set; then families are handed out at the end.

import type { Exemplar } from "../exemplar.ts";
import type { Labels } from "../labels.ts";
import type { MetricFamily, MetricType } from "../metric-family.ts";
import type { UnixMs } from "../units.ts";
import { FamilyDraft } from "./family-draft.ts";
import type { ExpositionFormat } from "./format.ts";
import {
  ExpositionLineParser,
  type ExpositionReadOptions,
  type ExpositionSink,
} from "./line-parser.ts";
import type { MetadataKind } from "./metadata-line.ts";
import { complaint, type Complaint } from "./point-rules.ts";
import { ExpositionError, type ExpositionProblem } from "./problem.ts";
import {
  carriesReservedLabel,
  reservedLabel,
  sampleSuffixes,
  type SampleSuffix,
} from "./sample-names.ts";

/** How to read families. */
export interface ExpositionFamilyOptions extends ExpositionReadOptions {
  /** Format 0.0.4: refuse scattered families and hand each one out early. OpenMetrics always does. */
  readonly grouped?: boolean;
}

/** What was read. */
export interface ParsedExposition {
  /** The families in the order they begin, without what the problems made useless. */
  readonly families: readonly MetricFamily[];
  /** What is wrong, at most `maxProblems`; empty means that the text is right. */
  readonly problems: readonly ExpositionProblem[];
  /** How many problems there were. */
  readonly problemCount: number;
}

/**
 * Reads a whole text and gives what is right in it together with what is not.
 *
 * @example parseExposition("up 1\n", { format: "text" }).families[0]?.name // "up"
 */
export function parseExposition(
  input: string | Uint8Array,
  options: ExpositionFamilyOptions,
): ParsedExposition {
  const families: MetricFamily[] = [];
  const parser = new ExpositionParser((family) => families.push(family), options);
  parser.push(typeof input === "string" ? new TextEncoder().encode(input) : input);
  parser.end();
  return { families, problems: parser.problems, problemCount: parser.problemCount };
}

/**
 * Reads a whole text that must be right.
 *
 * @throws {ExpositionError} with the code of the first problem, and all problems
 */
export function parseExpositionStrict(
  input: string | Uint8Array,
  options: ExpositionFamilyOptions,
): readonly MetricFamily[] {
  const { families, problems, problemCount } = parseExposition(input, options);
  if (problemCount > 0) throw new ExpositionError(problems, problemCount);
  return families;
}

/** Reads families from chunks of bytes; hands each one out when it is complete. */
export class ExpositionParser {
  readonly #lines: ExpositionLineParser<true>;
  readonly #collector: FamilyCollector;

  constructor(onFamily: (family: MetricFamily) => void, options: ExpositionFamilyOptions) {
    this.#collector = new FamilyCollector(onFamily, options);
    this.#lines = new ExpositionLineParser(this.#collector, options);
    this.#collector.lines = this.#lines;
  }

  /** The problems so far, at most `maxProblems`. */
  get problems(): readonly ExpositionProblem[] {
    return this.#lines.problems;
  }

  /** How many problems there were, also those not kept. */
  get problemCount(): number {
    return this.#lines.problemCount;
  }

  /** Reads the next bytes; see `ExpositionLineParser.push`. */
  push(chunk: Uint8Array): boolean {
    return this.#lines.push(chunk);
  }

  /** Says that the text is complete, and hands out what is still open. */
  end(): void {
    this.#lines.end();
    this.#collector.end();
  }
}

/** A sample's family and what stands after the family's name; or what is wrong. */
type Place = { readonly family: FamilyDraft; readonly suffix: SampleSuffix } | Complaint;

class FamilyCollector implements ExpositionSink<true> {
  /** Set by the owner right after construction: the two need each other. */
  lines!: ExpositionLineParser<true>;

  readonly #onFamily: (family: MetricFamily) => void;
  readonly #format: ExpositionFormat;
  readonly #grouped: boolean;
  readonly #families = new Map<string, FamilyDraft>();
  /** Sample names that settled families may use (OpenMetrics). */
  readonly #taken = new Map<string, FamilyDraft>();
  #current: FamilyDraft | undefined;
  // The series of the line being read, between open() and sample().
  #name = "";
  #labels: Labels | undefined;

  constructor(onFamily: (family: MetricFamily) => void, options: ExpositionFamilyOptions) {
    this.#onFamily = onFamily;
    this.#format = options.format;
    this.#grouped = options.format === "openmetrics" || options.grouped === true;
  }

  find(): undefined {
    // Every line is read in full: families need the labels.
  }

  open(_text: string, name: string, labels: Labels): true {
    this.#name = name;
    this.#labels = labels;
    return true;
  }

  sample(
    _series: true,
    value: number,
    timestampMs: UnixMs | undefined,
    exemplar: Exemplar | undefined,
  ): void {
    const place = this.#format === "text" ? this.#placeText() : this.#placeOpenMetrics();
    if (place === undefined) return;
    if ("code" in place) {
      this.#complain(place);
      return;
    }
    if (!this.#enter(place.family)) return;
    this.#seal(place.family);
    if (!place.family.refused) this.#addTo(place, value, timestampMs, exemplar);
  }

  metadata(kind: MetadataKind, name: string, text: string): void {
    const owner = this.#format === "text" ? this.#ownerInText(name) : undefined;
    if (owner !== undefined && owner.name !== name) {
      this.#complain(
        complaint(
          "FLX_EXPOSITION_CLASH",
          `${name} is the name of a sample of ${owner.sampleType} ${owner.name}`,
        ),
      );
      return;
    }
    const family = this.#families.get(name) ?? this.#begin(name);
    if (family === undefined || !this.#enter(family)) return;
    const wrong = applyMetadata(family, kind, text);
    if (wrong !== undefined) this.#complain(wrong);
  }

  end(): void {
    for (const family of this.#families.values()) {
      if (!family.closed) this.#close(family);
    }
  }

  /** Finds the family of a sample as Prometheus' library does: by the whole name first, then without suffix. */
  #placeText(): Place | undefined {
    const name = this.#name;
    const owner = this.#ownerInText(name) ?? this.#begin(name);
    if (owner === undefined) return undefined;
    const suffix = name.slice(owner.name.length) as SampleSuffix;
    return allows(owner, suffix, "text") ? { family: owner, suffix } : wrongSample(owner, name);
  }

  #ownerInText(name: string): FamilyDraft | undefined {
    const exact = this.#families.get(name);
    if (exact !== undefined) return exact;
    for (const suffix of ["_bucket", "_count", "_sum"] as const) {
      if (!name.endsWith(suffix)) continue;
      const owner = this.#families.get(name.slice(0, -suffix.length));
      return owner !== undefined && allows(owner, suffix, "text") ? owner : undefined;
    }
    return undefined;
  }

  #placeOpenMetrics(): Place | undefined {
    const name = this.#name;
    const current = this.#current;
    if (current !== undefined && name.startsWith(current.name)) {
      const suffix = name.slice(current.name.length) as SampleSuffix;
      if (allows(current, suffix, "openmetrics")) return { family: current, suffix };
      if (suffix === "") return wrongSample(current, name);
    }
    const owner = this.#taken.get(name) ?? this.#families.get(name);
    if (owner !== undefined) return scattered(owner);
    const family = this.#begin(name);
    return family === undefined ? undefined : { family, suffix: "" };
  }

  #begin(name: string): FamilyDraft | undefined {
    const { maxFamilies } = this.lines.limits;
    if (this.#families.size >= maxFamilies) {
      this.lines.stop("maxFamilies", `the text has more than ${maxFamilies} metric families`);
      return undefined;
    }
    const family = new FamilyDraft(name, this.lines.line, this.#format);
    this.#families.set(name, family);
    return family;
  }

  /** Makes a family the current one; false when it has ended already. */
  #enter(family: FamilyDraft): boolean {
    if (!this.#grouped || family === this.#current) return true;
    if (family.closed) {
      this.#complain(scattered(family));
      return false;
    }
    if (this.#current !== undefined) this.#close(this.#current);
    this.#current = family;
    return true;
  }

  /** Settles the type: from now on its sample names are taken. */
  #seal(family: FamilyDraft): void {
    if (family.sealed) return;
    family.sealed = true;
    if (this.#format === "text") return;
    for (const suffix of sampleSuffixes.openmetrics[family.sampleType]) {
      const other = this.#taken.get(family.name + suffix);
      if (other !== undefined) {
        family.refused = true;
        this.lines.report(
          "FLX_EXPOSITION_CLASH",
          `${family.sampleType} ${family.name} may have a sample ${family.name}${suffix}, and so may ` +
            `${other.sampleType} ${other.name}; one of them is refused`,
          family.line,
        );
        return;
      }
    }
    for (const suffix of sampleSuffixes.openmetrics[family.sampleType]) {
      this.#taken.set(family.name + suffix, family);
    }
  }

  #addTo(
    { family, suffix }: Exclude<Place, Complaint>,
    value: number,
    timestampMs: UnixMs | undefined,
    exemplar: Exemplar | undefined,
  ): void {
    const type = family.sampleType;
    const labels = this.#labels!;
    const label = reservedLabel(type, family.name);
    const reserved = label === undefined ? undefined : labels.get(label);
    const wrong =
      reservedComplaint(label, reserved, type, suffix) ?? exemplarPlaceComplaint(exemplar, suffix);
    if (wrong !== undefined) {
      this.#complain(wrong);
      return;
    }
    const own = label === undefined || reserved === undefined ? labels : labels.without(label);
    const point = family.point(own, timestampMs, this.lines.line);
    if ("code" in point) {
      this.#complain(point);
      return;
    }
    const createdMs = suffix === "_created" ? this.lines.valueAsMs() : undefined;
    const refused = point.draft.add({ suffix, reserved, value, createdMs, exemplar });
    if (refused !== undefined) {
      this.#complain(refused);
      if (breaksPoint(refused, type)) point.broken = true;
    }
  }

  #close(family: FamilyDraft): void {
    this.#seal(family);
    family.closed = true;
    const { family: finished, complaints } = family.finish();
    for (const { code, reason, line } of complaints) {
      this.lines.report(code, `${family.sampleType} ${family.name}: ${reason}`, line);
    }
    if (!family.refused) this.#onFamily(finished);
  }

  #complain({ code, reason }: Complaint): void {
    this.lines.report(code, reason);
  }
}

/**
 * Whether a refused sample makes its point useless. What is left of a histogram or summary would look whole. Elsewhere
 * the first of two samples stays, and so does a counter whose created time is wrong.
 */
function breaksPoint({ code }: Complaint, type: MetricType): boolean {
  if (type === "histogram" || type === "gaugehistogram" || type === "summary") return true;
  return code !== "FLX_EXPOSITION_DUPLICATE" && code !== "FLX_EXPOSITION_TIMESTAMP";
}

function allows(family: FamilyDraft, suffix: SampleSuffix, format: ExpositionFormat): boolean {
  return sampleSuffixes[format][family.sampleType].includes(suffix);
}

function wrongSample(family: FamilyDraft, name: string): Complaint {
  const { sampleType: type } = family;
  const format = type === "counter" || type === "info" ? "openmetrics" : "text";
  const names = sampleSuffixes[format][type].map((suffix) => `${family.name}${suffix}`).join(", ");
  return complaint(
    "FLX_EXPOSITION_SAMPLE",
    `${type} ${family.name} has no sample ${name}; its samples are named ${names}`,
  );
}

function scattered(family: FamilyDraft): Complaint {
  return complaint(
    "FLX_EXPOSITION_GROUP",
    `the lines of ${family.sampleType} ${family.name} must stand together, other families are in between`,
  );
}

function applyMetadata(
  family: FamilyDraft,
  kind: MetadataKind,
  text: string,
): Complaint | undefined {
  const wrong = (reason: string): Complaint => complaint("FLX_EXPOSITION_METADATA", reason);
  if (family.sealed) return wrong(`${kind} must stand before the samples of ${family.name}`);
  const given = { TYPE: family.type, HELP: family.help, UNIT: family.unit }[kind];
  if (given !== undefined) return wrong(`a second ${kind} for ${family.name}`);
  switch (kind) {
    case "TYPE":
      family.type = text as MetricType;
      return unitComplaint(family);
    case "HELP":
      if (text !== "") family.help = text;
      return undefined;
    case "UNIT":
      if (text !== "") family.unit = text;
      return unitComplaint(family);
    default:
      return kind satisfies never;
  }
}

/** A unit that does not fit is reported and forgotten. */
function unitComplaint(family: FamilyDraft): Complaint | undefined {
  const { name, type, unit } = family;
  if (unit === undefined) return undefined;
  let reason: string | undefined;
  if (!name.endsWith(`_${unit}`)) reason = `the name ${name} must end with _${unit}, its unit`;
  else if (type === "info" || type === "stateset") reason = `${type} ${name} cannot have a unit`;
  if (reason === undefined) return undefined;
  family.unit = undefined;
  return complaint("FLX_EXPOSITION_UNIT", reason);
}

function reservedComplaint(
  label: string | undefined,
  value: string | undefined,
  type: MetricType,
  suffix: SampleSuffix,
): Complaint | undefined {
  if (label === undefined) return undefined;
  const wanted = carriesReservedLabel(suffix);
  if (wanted && value === undefined) {
    return complaint("FLX_EXPOSITION_SAMPLE", `this sample of a ${type} needs the label ${label}`);
  }
  if (!wanted && value !== undefined) {
    return complaint("FLX_EXPOSITION_LABEL", `label ${label} is reserved in a ${type}`);
  }
  return undefined;
}

function exemplarPlaceComplaint(
  exemplar: Exemplar | undefined,
  suffix: SampleSuffix,
): Complaint | undefined {
  if (exemplar === undefined || suffix === "_total" || suffix === "_bucket") return undefined;
  return complaint(
    "FLX_EXPOSITION_EXEMPLAR",
    "only the _total of a counter and the _bucket of a histogram may have an exemplar",
  );
}
