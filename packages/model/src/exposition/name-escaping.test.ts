import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClassicHistogram } from "../classic-histogram.ts";
import { Labels } from "../labels.ts";
import type { MetricFamily } from "../metric-family.ts";
import { isLegacyLabelName, isLegacyMetricName } from "../names.ts";
import {
  ESCAPING_SCHEMES,
  escapeFamily,
  escapeLabelName,
  escapeMetricName,
  type EscapingScheme,
} from "./name-escaping.ts";

test("escapeMetricName() writes names as Prometheus documents", () => {
  const f = (name: string, underscores: string, dots: string, values: string) => {
    assert.equal(escapeMetricName(name, "allow-utf-8"), name);
    assert.equal(escapeMetricName(name, "underscores"), underscores);
    assert.equal(escapeMetricName(name, "dots"), dots);
    assert.equal(escapeMetricName(name, "values"), values);
  };

  f("up", "up", "up", "up");
  f("http_requests:rate", "http_requests:rate", "http__requests:rate", "http_requests:rate");
  f("metric.name", "metric_name", "metric_dot_name", "U__metric_2e_name");
  f(
    "metric.name/with/slashes",
    "metric_name_with_slashes",
    "metric_dot_name_with_slashes",
    "U__metric_2e_name_2f_with_2f_slashes",
  );
  f("a_b.c", "a_b_c", "a__b_dot_c", "U__a__b_2e_c");
  f("9lives", "_lives", "_lives", "U___39_lives");
  f("größe", "gr__e", "gr__e", "U__gr_f6__df_e");
  f("😀", "_", "_", "U___1f600_");
});

test("escapeLabelName() takes no colon", () => {
  const f = (scheme: EscapingScheme, want: string) => {
    assert.equal(escapeLabelName("a:b", scheme), want);
  };
  f("allow-utf-8", "a:b");
  f("underscores", "a_b");
  f("dots", "a_b");
  f("values", "U__a_3a_b");
});

test("escaped names are classic names, whatever they were, and escaping them again changes nothing", () => {
  const name = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(
    fc.property(name, fc.constantFrom("underscores", "dots", "values"), (text, scheme) => {
      assert.ok(isLegacyMetricName(escapeMetricName(text, scheme)));
      assert.ok(isLegacyLabelName(escapeLabelName(text, scheme)));
      if (scheme === "dots") return;
      const once = escapeMetricName(text, scheme);
      assert.equal(escapeMetricName(once, scheme), once);
    }),
    { seed: 4711 },
  );
});

test("escapeFamily() escapes the name, the labels and the exemplars' labels", () => {
  const exemplar = { labels: Labels.from({ "trace.id": "1" }), value: 0.5 };
  const histogram = ClassicHistogram.from({ upperBounds: [1], cumulativeCounts: [1, 1], sum: 0.5 });
  const labels = Labels.from({ "http.method": "GET", code: "200" });
  const value = { histogram, exemplars: new Map([[0, exemplar]]), nativeExemplars: [exemplar] };
  const got = escapeFamily(
    { name: "http.wait_seconds", type: "histogram", unit: "seconds", points: [{ labels, value }] },
    "underscores",
  );
  assert.equal(got.name, "http_wait_seconds");
  assert.equal(got.unit, "seconds");
  const [point] = got.points;
  assert.deepEqual(point?.labels.pairs, ["code", "200", "http_method", "GET"]);
  const written = point?.value as typeof value;
  assert.equal(written.exemplars.get(0)?.labels.toString(), '{trace_id="1"}');
  assert.equal(written.nativeExemplars[0]?.labels.toString(), '{trace_id="1"}');
});

test("escapeFamily() keeps what a family means: no unit that is not in the name, no two labels in one", () => {
  const family = (record: Record<string, string>): MetricFamily => {
    const points = [{ labels: Labels.from(record), value: { total: 1 } }];
    return { name: "wait_seconds", type: "counter", unit: "seconds", points };
  };
  for (const scheme of ESCAPING_SCHEMES) {
    const { name, unit } = escapeFamily(family({}), scheme);
    assert.equal(unit, name.endsWith("_seconds") ? "seconds" : undefined);
  }
  assert.throws(() => escapeFamily(family({ "a.b": "1", a_b: "2" }), "underscores"), {
    code: "FLX_LABEL_DUPLICATE",
  });
});

test("escapeFamily() escapes _total and _info with the name", () => {
  const f = (type: "counter" | "info" | "gauge", scheme: EscapingScheme, want: string) => {
    const family = { name: "a.b", type, points: [] } as MetricFamily;
    assert.equal(escapeFamily(family, scheme).name, want);
  };
  f("counter", "underscores", "a_b");
  f("counter", "dots", "a_dot_b_");
  f("counter", "values", "U__a_2e_b_");
  f("info", "values", "U__a_2e_b_");
  f("gauge", "values", "U__a_2e_b");
});
