import assert from "node:assert/strict";
import { test } from "node:test";
import { RuleSampler, type SamplingRule } from "./rule-sampler.ts";
import {
  ALWAYS_OFF,
  ALWAYS_ON,
  ParentBasedSampler,
  RatioSampler,
  type SamplingQuestion,
} from "./sampler.ts";
import { TraceId } from "./trace-id.ts";
import { parseTraceState, withThreshold } from "./trace-state.ts";

function question(more: Partial<SamplingQuestion> = {}): SamplingQuestion {
  return {
    traceId: TraceId.random(),
    name: "GET /orders",
    kind: 1,
    attributes: undefined,
    links: undefined,
    parentSampled: undefined,
    parentRemote: false,
    ...more,
  };
}

test("RatioSampler compares the last 56 bits of the trace id with the threshold", () => {
  const f = (ratio: number, random: string, want: string) => {
    const traceId = TraceId.fromHex(`0123456789abcdef01${random}`);
    assert.equal(new RatioSampler(ratio).sample(question({ traceId })).decision, want);
  };

  f(0.5, "80000000000000", "sample");
  f(0.5, "7fffffffffffff", "drop");
  f(0.25, "c0000000000000", "sample");
  f(0.25, "bfffffffffffff", "drop");
  f(0.1, "e6666666666668", "sample");
  f(0.1, "e6666666666667", "drop");
  f(1, "00000000000000", "sample");
  f(0, "ffffffffffffff", "drop");
});

test("RatioSampler writes its threshold as OpenTelemetry does, and is constant at 0 and 1", () => {
  const f = (ratio: number, threshold: string | undefined, constant: string | undefined) => {
    const sampler = new RatioSampler(ratio);
    const traceId = TraceId.fromHex("f".repeat(32));
    assert.equal(sampler.sample(question({ traceId })).threshold, threshold);
    assert.equal(sampler.constant, constant);
  };

  f(1, "0", "sample");
  f(0.5, "8", undefined);
  f(0.25, "c", undefined);
  f(0.01, "fd70a3d70a3d7", undefined);
  f(0, undefined, "drop");
  f(NaN, "0", "sample");
  f(7, "0", "sample");
});

test("RatioSampler keeps the part it should, and at a lower ratio a part of that", () => {
  const tenth = new RatioSampler(0.1);
  const half = new RatioSampler(0.5);
  let kept = 0;
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    const each = question();
    const inTenth = tenth.sample(each).decision === "sample";
    if (inTenth) kept++;
    assert.ok(!inTenth || half.sample(each).decision === "sample");
  }
  // Ten standard deviations.
  assert.ok(Math.abs(kept - count * 0.1) < 10 * Math.sqrt(count * 0.1 * 0.9), String(kept));
});

test("RatioSampler takes the randomness of tracestate where there is one", () => {
  const f = (tracestate: string, want: string) => {
    const traceId = TraceId.fromHex("0".repeat(31).concat("1"));
    const traceState = parseTraceState(tracestate);
    const asked = question({ traceId, traceState, parentSampled: true });
    assert.equal(new RatioSampler(0.5).sample(asked).decision, want);
  };

  f("ot=rv:80000000000000", "sample");
  f("ot=th:0;rv:ffffffffffffff", "sample");
  f("ot=rv:7fffffffffffff", "drop");
  f("ot=rv:8", "drop");
  f("other=rv:ffffffffffffff", "drop");
});

test("ParentBasedSampler does as the parent did, and asks the other for roots", () => {
  const f = (root: typeof ALWAYS_ON, parentSampled: boolean | undefined, want: string) => {
    const sampler = new ParentBasedSampler(root);
    assert.equal(sampler.sample(question({ parentSampled })).decision, want);
    assert.equal(sampler.followsParent, true);
  };

  f(ALWAYS_ON, undefined, "sample");
  f(ALWAYS_ON, true, "sample");
  f(ALWAYS_ON, false, "drop");
  f(ALWAYS_OFF, undefined, "drop");
  f(ALWAYS_OFF, true, "sample");
  assert.equal(new ParentBasedSampler(ALWAYS_OFF).constant, "drop");
  assert.equal(
    new ParentBasedSampler(new RatioSampler(0.5)).description,
    "ParentBased{root=TraceIdRatioBased{0.5}}",
  );
});

test("RuleSampler decides by the first rule that fits", () => {
  const rules: SamplingRule[] = [
    { name: "GET /health*", ratio: 0 },
    { kind: "client", name: "*redis*get", ratio: 0 },
    { attributes: { "http.route": "/checkout", retry: 3 }, ratio: 1 },
    { attributes: { "user.agent": "*bot*" }, ratio: 0 },
    { kind: "server", ratio: 1 },
    { ratio: 0 },
  ];
  const sampler = new RuleSampler(rules);
  const f = (more: Partial<SamplingQuestion>, want: string) => {
    assert.equal(sampler.sample(question(more)).decision, want, JSON.stringify(more.name));
  };

  f({ name: "GET /health" }, "drop");
  f({ name: "GET /healthz/db" }, "drop");
  f({ name: "GET /orders" }, "sample");
  f({ name: "redis mget", kind: 2 }, "drop");
  f({ name: "work", kind: 0 }, "drop");
  f({ name: "work", kind: 0, attributes: { "http.route": "/checkout", retry: 3 } }, "sample");
  f({ name: "work", kind: 0, attributes: { "http.route": "/checkout", retry: 4 } }, "drop");
  f({ attributes: { "user.agent": "a crawling bot/1" } }, "drop");
  f({ attributes: { "user.agent": ["bot"] } }, "sample");
  f({ name: "GET /health", parentSampled: true }, "sample");
  f({ name: "GET /orders", parentSampled: false }, "drop");
  assert.equal(new RuleSampler([]).sample(question()).decision, "sample");
});

test("RuleSampler's patterns match as they read, and take no longer than the text", () => {
  const f = (name: string, text: string, want: string) => {
    const sampler = new RuleSampler([{ name, ratio: 1 }, { ratio: 0 }]);
    assert.equal(sampler.sample(question({ name: text })).decision, want, `${name} on ${text}`);
  };

  f("a*c", "abc", "sample");
  f("a*c", "ac", "sample");
  f("a*a", "a", "drop");
  f("*", "", "sample");
  f("a.c", "abc", "drop");
  f("a*b*c", "a-c-b-c", "sample");
  f("a*b*c", "a-c-b", "drop");
  f("*a*a*a*a*a*a*a*a*b", "a".repeat(100_000), "drop");
});

test("withThreshold() writes, replaces and takes away the threshold, and leaves the rest", () => {
  const f = (state: string, threshold: string | undefined, want: string) => {
    assert.equal(withThreshold(parseTraceState(state), threshold)?.serialize() ?? "", want);
  };

  f("", "8", "ot=th:8");
  f("a=1", "8", "ot=th:8,a=1");
  f("a=1,ot=th:c;rv:0123456789abcd", "8", "ot=th:8;rv:0123456789abcd,a=1");
  f("ot=th:c,a=1", "", "a=1");
  f("ot=th:c;rv:1,a=1", "", "ot=rv:1,a=1");
  f("ot=th:c", undefined, "ot=th:c");
  f("", "", "");
});
