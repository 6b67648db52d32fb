import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";
import { FlxError } from "./errors.ts";
import { DAY, type DurationMs, HOUR, MINUTE, SECOND, WEEK, YEAR } from "./units.ts";

test("parseDuration() reads Prometheus' notation", () => {
  const f = (text: string, want: number) => assert.equal(parseDuration(text), want);

  f("0", 0);
  f("0s", 0);
  f("1ms", 1);
  f("15s", 15 * SECOND);
  f("5m", 5 * MINUTE);
  f("1h30m", HOUR + 30 * MINUTE);
  f("90m", 90 * MINUTE);
  f("1d", DAY);
  f("2w", 2 * WEEK);
  f("1y", YEAR);
  f("1y2w3d4h5m6s7ms", YEAR + 2 * WEEK + 3 * DAY + 4 * HOUR + 5 * MINUTE + 6 * SECOND + 7);
});

test("parseDuration() refuses everything else and says how to write it", () => {
  for (const text of [
    "",
    "1",
    "s",
    "1.5h",
    "-5m",
    "1m1h",
    "1h1h",
    "5 m",
    " 5m",
    "5m\n",
    "1µs",
    "99999999999y",
    "9".repeat(200) + "s",
  ]) {
    assert.throws(
      () => parseDuration(text),
      (error) => error instanceof FlxError && error.code === "FLX_DURATION",
      JSON.stringify(text),
    );
  }
  assert.throws(() => parseDuration("5 minutes"), /not a duration: "5 minutes"; write it like 15s/);
});

test("formatDuration() is as short as Prometheus' own", () => {
  const f = (ms: number, want: string) => assert.equal(formatDuration(ms as DurationMs), want);

  f(0, "0s");
  f(1, "1ms");
  f(1500, "1s500ms");
  f(5_400_000, "1h30m");
  f(WEEK, "1w");
  f(8 * DAY, "8d");
  f(YEAR, "1y");
  f(YEAR + DAY, "366d");
  f(-90_000, "-1m30s");
  assert.throws(() => formatDuration(1.5 as DurationMs), { code: "FLX_DURATION" });
  assert.throws(() => formatDuration(Number.NaN as DurationMs), { code: "FLX_DURATION" });
});

test("parseDuration() reads back what formatDuration() writes", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (ms) => {
      assert.equal(parseDuration(formatDuration(ms as DurationMs)), ms);
    }),
    { numRuns: 300 },
  );
});
