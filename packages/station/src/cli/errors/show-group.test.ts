import assert from "node:assert/strict";
import { test } from "node:test";
import { type GroupDetail, groupLines } from "./show-group.ts";

const frame = (name: string, file: string, isOwn = false) => ({
  function: name,
  file,
  line: 7,
  isOwn,
  locals: [],
});

test("groupLines() shows the application's frames, and counts those of others", () => {
  const group: GroupDetail = {
    fingerprint: "0123456789abcdef",
    state: "open",
    isRegressed: false,
    type: "Error",
    message: "no",
    culprit: "",
    count: 1,
    firstSeenMs: 0,
    lastSeenMs: 0,
    services: [],
    releases: [],
    firstRelease: "",
    regressedIn: "",
    history: [],
    examples: [
      {
        timeMs: 0,
        service: "orders",
        release: "",
        message: "no",
        stack: "",
        traceId: "",
        frames: [
          frame("parse", "node:internal/url"),
          frame("URL", "node:internal/url"),
          frame("place", "file:///app/place.js", true),
          frame("a", "/app/node_modules/x/i.js"),
          frame("b", "/app/node_modules/x/i.js"),
          frame("c", "node:events"),
          frame("main", "C:\\app\\main.js", true),
        ],
        fields: [
          { name: "service", value: "orders" },
          { name: "orderId", value: "7" },
        ],
      },
    ],
  };
  const lines = groupLines(group, { width: 80, height: 24, isColored: false });
  assert.deepEqual(lines.slice(lines.indexOf("latest: 1970-01-01 00:00:00.000  orders")), [
    "latest: 1970-01-01 00:00:00.000  orders",
    "  orderId = 7",
    "  at parse (node:internal/url:7)",
    "    1 more frame of others",
    "> at place (/app/place.js:7)",
    "  at a (/app/node_modules/x/i.js:7)",
    "    2 more frames of others",
    "> at main (C:\\app\\main.js:7)",
  ]);
});
