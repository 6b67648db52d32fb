import assert from "node:assert/strict";
import { test } from "node:test";
import { logLine, type ShownRecord } from "./log-line.ts";

const record: ShownRecord = {
  timeNs: "1795857360342000000",
  service: "orders",
  severity: 17,
  body: "could not place",
  traceId: "48bfa7fd",
  attributes: {},
};

test("logLine() shows what a record says on one line, without its stack and what its sender says of itself", () => {
  const f = (more: Partial<ShownRecord>, want: string) => {
    const line = logLine({ ...record, ...more }, { isColored: false, width: 80, height: 24 });
    assert.equal(line, `2026-11-28 09:16:00.342  ${want}\n`);
  };

  f({}, "ERROR  orders        could not place  trace=48bfa7fd");
  f(
    {
      traceId: "",
      attributes: {
        service: "orders",
        version: "1.4.0",
        environment: "test",
        "exception.type": "Error",
        "exception.stacktrace": "Error: no\n    at place (/app/place.js:5:1)",
        items: 3,
      },
    },
    "ERROR  orders        could not place  exception.type=Error items=3",
  );
  f({ body: undefined, eventName: "started" }, "ERROR  orders        started  trace=48bfa7fd");
  f({ body: { a: 1 }, traceId: "" }, 'ERROR  orders        {"a":1}');
  f({ severity: 0, traceId: "" }, "       orders        could not place");
  f({ body: "a\n\u001b[31mb", traceId: "" }, "ERROR  orders        a [31mb");
});
