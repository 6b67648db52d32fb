// Attributes as labels.
//
//   service.namespace + service.name   -> job         all other attributes of the resource -> target_info,
//   service.instance.id                -> instance    and on every series when they are promoted
//
// Two attributes whose names become one label are joined with ";", in the order of their names.

import { compareUtf8, type OtlpValue, valueText } from "@flx/model";
import { prometheusLabel, type TranslationStrategy } from "./metric-name.ts";

/** Attributes, decoded. */
export type Attributes = readonly (readonly [key: string, value: OtlpValue])[];

/** The labels of attributes, in a map that the caller goes on with. */
export function attributeLabels(
  attributes: Attributes,
  strategy: TranslationStrategy,
): Map<string, string> {
  const labels = new Map<string, string>();
  // The same key twice: the last one counts, as in a map.
  const unique = new Map(attributes);
  for (const [key, value] of [...unique].toSorted((a, b) => compareUtf8(a[0], b[0]))) {
    if (key === "") continue;
    const name = prometheusLabel(key, strategy);
    const text = valueText(value).toWellFormed();
    const before = labels.get(name);
    labels.set(name, before === undefined ? text : `${before};${text}`);
  }
  return labels;
}

const identifying = new Set(["service.name", "service.namespace", "service.instance.id"]);

/** What a resource gives to its series. */
export interface ResourceLabels {
  readonly job: string;
  readonly instance: string;
  /** Labels of `target_info` besides job and instance. */
  readonly info: ReadonlyMap<string, string>;
  /** Promoted attributes. */
  readonly promoted: ReadonlyMap<string, string>;
}

/** Job, instance, target_info and promoted labels of a resource. */
export function resourceLabels(
  attributes: Attributes,
  promote: ReadonlySet<string>,
  strategy: TranslationStrategy,
): ResourceLabels {
  const values = new Map(attributes);
  const text = (key: string): string => valueText(values.get(key)).toWellFormed();
  const name = text("service.name");
  const namespace = text("service.namespace");
  const job = name !== "" && namespace !== "" ? `${namespace}/${name}` : name;
  return {
    job,
    instance: text("service.instance.id"),
    info: attributeLabels(
      attributes.filter(([key]) => !identifying.has(key)),
      strategy,
    ),
    promoted: attributeLabels(
      attributes.filter(([key]) => promote.has(key)),
      strategy,
    ),
  };
}
