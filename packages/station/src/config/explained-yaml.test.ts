import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { explainedYaml } from "./explained-yaml.ts";

test("explainedYaml() puts values at their paths", () => {
  const values = [
    ["global.scrape_interval", "15s"],
    ["scrape_configs[0].job_name", "a"],
    ['scrape_configs[0].params."collect[]"[0]', "cpu"],
    ["scrape_configs[0].basic_auth.password", "<secret>"],
    ["scrape_configs[1].job_name", "b"],
    ["limits.series", "10"],
    ["scrape_configs[1].honor_labels", "true"],
    ["__proto__.x", "1"],
  ].map(([path = "", shown = ""]) => ({ path, shown, source: "default" }));
  const text = explainedYaml(values);
  assert.deepEqual(parse(text), {
    global: { scrape_interval: "15s" },
    scrape_configs: [
      { job_name: "a", params: { "collect[]": ["cpu"] }, basic_auth: { password: "<secret>" } },
      { job_name: "b", honor_labels: true },
    ],
    limits: { series: 10 },
    ["__proto__"]: { x: 1 },
  });
  assert.equal(({} as { x?: number }).x, undefined);
});
