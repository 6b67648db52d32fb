import assert from "node:assert/strict";
import { test } from "node:test";
import { groupPath, Pushgateway } from "./pushgateway.ts";

test("groupPath() names a group, in base64 what cannot stand in a path", () => {
  const f = (jobName: string, groupings: Record<string, string | number>, want: string) => {
    assert.equal(groupPath({ jobName, groupings }), want);
  };

  f("nightly", {}, "/metrics/job/nightly");
  f("nightly import", { shard: 3, zone: "a" }, "/metrics/job/nightly%20import/shard/3/zone/a");
  f("a/b", { path: "/var/tmp" }, "/metrics/job@base64/YS9i/path@base64/L3Zhci90bXA");
  f("a", { empty: "" }, "/metrics/job/a/empty@base64/=");
  f("..", { x: "." }, "/metrics/job@base64/Li4/x@base64/Lg");
  f("ü?#", {}, "/metrics/job/%C3%BC%3F%23");
});

test("groupPath() and Pushgateway refuse what names no group and no gateway", () => {
  const f = (work: () => unknown) => {
    assert.throws(work, { code: "FLX_METRIC_PUSH" });
  };

  f(() => groupPath({ jobName: "" }));
  f(() => groupPath({ jobName: "a", groupings: { job: "b" } }));
  f(() => groupPath({ jobName: "a", groupings: { "a.b": "c" } }));
  f(() => groupPath({ jobName: "a", groupings: { a: {} as string } }));
  f(() => new Pushgateway("gateway:9091"));
  f(() => new Pushgateway(""));
});
