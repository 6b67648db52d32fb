// The configuration as it counts: each setting's value and the place it comes from.
//
//   options  >  OTEL_CONFIG_FILE  >  OTEL_* and FLX_* variables  >  what is found out (package.json)  >  defaults
//
// `explain()` is for people: every setting with value and source, secrets masked, and what in the file has no effect.

import { FlxError } from "@flx/model/errors";
import { redact } from "../redaction/redact.ts";
import { detectResource } from "../resource/detect-resource.ts";
import { nearestName } from "../health/nearest-name.ts";
import type { FileValues } from "./config-file.ts";
import type { UnsupportedPart } from "./config-tree.ts";
import type { MonitoringOptions } from "./options.ts";
import { refuse } from "./setting-values.ts";
import {
  type Setting,
  SETTING_NAMES,
  type SettingName,
  SETTINGS,
  type Settings,
} from "./settings.ts";

/** One setting, for people. */
export interface ExplainedSetting {
  readonly name: SettingName;
  /** As text; a secret is `***`. */
  readonly value: string;
  /** "option service", "file otel.yaml:12", "OTEL_SERVICE_NAME", "found out (package.json)", "default". */
  readonly source: string;
  readonly about: string;
}

/** All of it, for people. */
export interface ExplainedConfig {
  readonly settings: readonly ExplainedSetting[];
  /** Parts of the file that have no effect. */
  readonly unsupported: readonly UnsupportedPart[];
  /** The same as lines of text. */
  toString(): string;
}

/** Where settings come from. */
export interface ConfigSources {
  readonly options: MonitoringOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file?: { readonly path: string; readonly values: FileValues } | undefined;
}

interface Found {
  readonly value: unknown;
  readonly source: string;
  /** The place in the options, or the variable; undefined for the file and the default. */
  readonly place: string | undefined;
}

/** Values and their sources. */
export class Configuration {
  readonly #found: ReadonlyMap<SettingName, Found>;
  readonly unsupported: readonly UnsupportedPart[];

  /** @throws {FlxError} `FLX_CONFIG_VALUE` for a value that cannot be, `FLX_CONFIG_OPTION` for an option that there is not */
  constructor(sources: ConfigSources) {
    refuseUnknown(sources.options);
    this.unsupported = sources.file?.values.unsupported ?? [];
    this.#found = new Map(SETTING_NAMES.map((name) => [name, find(name, sources)]));
  }

  get<Name extends SettingName>(name: Name): Settings[Name] {
    return this.#found.get(name)!.value as Settings[Name];
  }

  /** Whether somebody has said something, and it is not the default. */
  isGiven(name: SettingName): boolean {
    return this.#found.get(name)!.source !== "default";
  }

  /** The option or variable that the value comes from. */
  placeOf(name: SettingName): string | undefined {
    return this.#found.get(name)!.place;
  }

  /** Each setting with its value and source; secrets masked. */
  explain(): ExplainedConfig {
    const settings = SETTING_NAMES.map((name) => {
      const { value, source } = this.#identity(name) ?? this.#found.get(name)!;
      return { name, value: textOf(value, SETTINGS[name]), source, about: SETTINGS[name].about };
    });
    const { unsupported } = this;
    return { settings, unsupported, toString: () => lines(settings, unsupported) };
  }

  /** Who the service is where no setting says it: an attribute of the resource, given or found out. */
  #identity(name: SettingName): Pick<Found, "value" | "source"> | undefined {
    const attribute = IDENTITY[name];
    if (attribute === undefined || this.isGiven(name)) return undefined;
    const given = this.get("resource")[attribute];
    if (given !== undefined) return { value: given, source: this.#found.get("resource")!.source };
    const value = detectResource(this.get("resourceDetectors"))[attribute];
    return value === undefined ? undefined : { value, source: "found out (package.json)" };
  }
}

/** Attributes of the resource that are settings as well. */
const IDENTITY: Partial<Record<SettingName, string>> = {
  service: "service.name",
  version: "service.version",
  environment: "deployment.environment.name",
};

function find(name: SettingName, { options, env, file }: ConfigSources): Found {
  const setting = SETTINGS[name] as Setting<unknown>;
  const all: Found[] = [];
  for (const path of [name, ...(setting.options ?? [])]) {
    const raw = optionAt(options, path);
    if (raw === undefined) continue;
    const value = setting.read(raw, `option ${path}`);
    all.push({ value, source: `option ${path}`, place: path });
  }
  const fromFile = file?.values.values.get(name);
  if (fromFile !== undefined) {
    const source = `file ${file!.path}:${fromFile.line}`;
    all.push({ value: setting.read(fromFile.raw, source), source, place: undefined });
  }
  for (const variable of setting.env) {
    const raw = env[variable]?.trim() ?? "";
    if (raw === "") continue;
    all.push({ value: setting.read(raw, variable), source: variable, place: variable });
  }
  const fallback: Found = { value: setting.fallback, source: "default", place: undefined };
  if (setting.merged !== true || all.length < 2) return all[0] ?? fallback;
  const value = Object.assign({}, ...all.map((each) => each.value).toReversed()) as unknown;
  return { value, source: all.map(({ source }) => source).join(", "), place: undefined };
}

/** What an option says; `false` for a whole part switches it off. */
function optionAt(options: MonitoringOptions, path: string): unknown {
  const keys = path.split(".");
  let at: unknown = options;
  for (const [i, key] of keys.entries()) {
    if (at === false) {
      const isSwitch = i === keys.length - 1 && (key === "enabled" || key === "exporter");
      return isSwitch ? false : undefined;
    }
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at ?? undefined;
}

/** Options that are no settings: they can be given by code only. */
export const OTHER_OPTIONS: readonly string[] = [
  "configFile",
  "onProblem",
  "admin.handlers",
  "tracing.rules",
  "metrics.registry",
  "health.checker",
  "health.start",
  "health.limits",
  "logging.destination",
  "errors.install",
  "errors.exitOnRejection",
  "errors.warnings",
  "errors.output",
  "errors.rules",
  "errors.kinds",
  "errors.kindOf",
  "errors.limit",
  "errors.logger",
  "errors.format",
  "errors.showLocals",
  "errors.showCode",
  "errors.showNode",
  "errors.maxFrames",
  "errors.suppress",
  "errors.codeLines",
  "errors.width",
  "errors.color",
  "errors.links",
  "errors.theme",
  "errors.editor",
  "errors.root",
];

/** JavaScript has no compiler that says so. */
function refuseUnknown(options: MonitoringOptions): void {
  const known = [
    ...SETTING_NAMES,
    ...SETTING_NAMES.flatMap((name) => (SETTINGS[name] as Setting<unknown>).options ?? []),
    ...OTHER_OPTIONS,
  ];
  const visit = (values: unknown, prefix: string): void => {
    if (typeof values !== "object" || values === null) return;
    for (const key of Object.keys(values)) {
      const name = `${prefix}${key}`;
      const isSwitchedOff = (values as Record<string, unknown>)[key] === false;
      if (known.includes(name) || (name === "errors" && isSwitchedOff)) continue;
      const inner = known.filter((each) => each.startsWith(`${name}.`));
      if (inner.length > 0) {
        const part = (values as Record<string, unknown>)[key];
        if (!isPart(part)) refuse(`option ${name}`, `an object with ${keysOf(inner, name)}`, part);
        visit(part, `${name}.`);
        continue;
      }
      const nearest = nearestName(name, known);
      const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
      throw new FlxError(
        "FLX_CONFIG_OPTION",
        `startMonitoring has no option ${JSON.stringify(name.slice(0, 100))}${hint}`,
      );
    }
  };
  visit(options, "");
}

/** Whether that can stand for a part with options of its own: they, or whether it is wanted. */
function isPart(value: unknown): boolean {
  return value === undefined || typeof value === "object" || typeof value === "boolean";
}

function keysOf(names: readonly string[], part: string): string {
  const keys = names.map((name) => name.slice(part.length + 1).split(".")[0]!);
  return [...new Set(keys)].filter((key) => key !== "enabled").join(", ");
}

function textOf(value: unknown, { secret }: Pick<Setting<unknown>, "secret">): string {
  if (value === undefined) return "";
  if (secret === true) {
    if (Array.isArray(value)) return value.map(() => "***").join(",");
    const keys = Object.keys(value as object);
    return keys.map((key) => `${key}=***`).join(",");
  }
  if (typeof value === "object" && value !== null && "description" in value) {
    return String(value.description);
  }
  return redact(typeof value === "string" ? value : (JSON.stringify(value, shownValue) ?? ""));
}

function shownValue(_key: string, value: unknown): unknown {
  return value instanceof RegExp ? String(value) : value;
}

function lines(
  settings: readonly ExplainedSetting[],
  unsupported: readonly UnsupportedPart[],
): string {
  const nameWidth = Math.max(...settings.map(({ name }) => name.length));
  const valueWidth = Math.min(40, Math.max(...settings.map(({ value }) => value.length)));
  const table = settings.map(({ name, value, source }) =>
    `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${source}`.trimEnd(),
  );
  const named = unsupported.map(
    ({ path, line, column, reason }) => `${line}:${column} ${path}: ${reason}`,
  );
  return [...table, ...(named.length > 0 ? ["", "without effect:", ...named] : [])].join("\n");
}
