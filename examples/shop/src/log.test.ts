import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLine, levelOf, type LogFields } from "./log.ts";

test("formatLine() writes time, level, service, message and fields", () => {
  const time = new Date("2026-01-05T12:30:01.020Z");
  const f = (fields: LogFields, want: string) => {
    const line = formatLine(time, "warn", "orders", "payment failed", fields);
    assert.equal(line, `2026-01-05T12:30:01.020Z WARN  orders payment failed${want}`);
  };

  f({}, "");
  f({ order: "ord_1", total: 1190 }, " order=ord_1 total=1190");
  f({ reason: undefined }, "");
  f({ reason: "card was declined" }, ' reason="card was declined"');
  f({ reason: "" }, ' reason=""');
});

test("levelOf() reads the level of our lines only", () => {
  const f = (line: string, want: string | undefined) => assert.equal(levelOf(line), want);

  f("2026-01-05T12:30:01.020Z WARN  orders payment failed", "warn");
  f("2026-01-05T12:30:01.020Z INFO  orders ready", "info");
  f("2026-01-05T12:30:01.020Z LOUD  orders ready", undefined);
  f("    at checkBankCertificate (crash-loop.ts:24:40)", undefined);
});
