// The section `otlp`: how OTLP becomes series, in Prometheus' words, and one of ours.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file (otlp)

import { choice, flag, plainText } from "../../config/scalars.ts";
import { mapped, type Shape, withDefault } from "../../config/shape.ts";
import { list, section } from "../../config/structures.ts";
import { DEFAULT_TRANSLATION, type TranslationSettings } from "./translate.ts";

/** The section `otlp`. */
export const otlpSection: Shape<Omit<TranslationSettings, "maxLabels">> = mapped(
  section(
    {
      promote_resource_attributes: list(plainText({ minLength: 1 })),
      translation_strategy: withDefault(
        choice([
          "UnderscoreEscapingWithSuffixes",
          "UnderscoreEscapingWithoutSuffixes",
          "NoUTF8EscapingWithSuffixes",
          "NoTranslation",
        ]),
        DEFAULT_TRANSLATION.strategy,
      ),
      promote_scope_metadata: withDefault(flag(), false),
      delta_to_cumulative: withDefault(flag(), DEFAULT_TRANSLATION.deltaToCumulative),
    },
    {
      ignored: {
        promote_all_resource_attributes:
          "name those that are wanted in promote_resource_attributes",
        ignore_resource_attributes: "name those that are wanted in promote_resource_attributes",
        keep_identifying_resource_attributes: "job and instance stand for them",
        convert_histograms_to_nhcb: "classic histograms stay classic",
        label_name_underscore_sanitization: "label names are escaped as Prometheus does by default",
        label_name_preserve_multiple_underscores:
          "label names are escaped as Prometheus does by default",
      },
    },
  ),
  (given) => ({
    strategy: given.translation_strategy,
    promoteResourceAttributes: given.promote_resource_attributes,
    scopeLabels: given.promote_scope_metadata,
    deltaToCumulative: given.delta_to_cumulative,
  }),
);
