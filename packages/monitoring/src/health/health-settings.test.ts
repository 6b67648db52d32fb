import assert from "node:assert/strict";
import { test } from "node:test";
import { healthSettings } from "./health-settings.ts";

test("healthSettings() takes options before variables before the file before the defaults", () => {
  const f = (sources: Parameters<typeof healthSettings>[0], want: number) =>
    assert.equal(healthSettings(sources).maxCpuUsagePercent, want);
  const options = { maxCpuUsagePercent: 10 };
  const env = { FLX_MAX_CPU_USAGE_PERCENT: "20" };
  const file = { maxCpuUsagePercent: 30 };

  f(undefined, 90);
  f({ file }, 30);
  f({ env, file }, 20);
  f({ options, env, file }, 10);
  f({ options: {}, env: { FLX_MAX_CPU_USAGE_PERCENT: " " }, file }, 30);
  f({ options: { maxCpuUsagePercent: undefined } as never, env }, 20);
});

test("healthSettings() knows every setting by its variable", () => {
  const env = {
    FLX_MAX_CPU_USAGE_PERCENT: "1",
    FLX_MAX_MEMORY_USAGE_PERCENT: "2",
    FLX_MAX_DISK_USAGE_PERCENT: "3",
    FLX_MAX_EVENT_LOOP_DELAY_MS: "4",
    FLX_MAX_CPU_PRESSURE_PERCENT: "5",
    FLX_MAX_MEMORY_PRESSURE_PERCENT: "6",
    FLX_MAX_IO_PRESSURE_PERCENT: "7",
    FLX_CPU_SAMPLE_INTERVAL_SECONDS: "8.5",
    FLX_HEALTH_CHECK_TIMEOUT_MS: "9",
    FLX_MAX_SOMETHING_ELSE: "x", // somebody else's
  };
  assert.deepEqual(Object.values(healthSettings({ env })), [1, 2, 3, 4, 5, 6, 7, 8.5, 9]);
});

test("healthSettings() refuses unknown keys with the nearest one, and values that cannot be", () => {
  const f = (sources: Parameters<typeof healthSettings>[0], message: RegExp) =>
    assert.throws(() => healthSettings(sources), { code: "FLX_HEALTH_SETTING", message });

  f(
    { file: { maxCpuUsage: 5 } },
    /^"maxCpuUsage" of the file is no setting of health; did you mean maxCpuUsagePercent\?$/,
  );
  f({ file: { MaxDiskUsagePercent: 5 } }, /did you mean maxDiskUsagePercent\?/);
  f(
    { options: { healthCheckTimeout: 5 } as never },
    /of options is no setting of health; did you mean healthCheckTimeoutMs\?/,
  );
  f({ file: { zzz: 1 } }, /known are maxCpuUsagePercent, /);
  f({ file: JSON.parse('{"__proto__": 1}') }, /"__proto__"/);
  f({ file: [] }, /^the file must be an object with settings, got object$/);
  f(
    { file: { maxCpuUsagePercent: "80" } },
    /^maxCpuUsagePercent of the file must be a number above 0 and up to 100, got "80"$/,
  );
  f({ file: { maxCpuUsagePercent: null } }, /got null$/);
  f({ options: { maxCpuUsagePercent: 101 } }, /up to 100, got 101$/);
  f({ options: { maxCpuUsagePercent: 0 } }, /above 0/);
  f({ options: { maxCpuUsagePercent: Number.NaN } }, /above 0/);
  f(
    { env: { FLX_MAX_CPU_USAGE_PERCENT: "ninety" } },
    /^FLX_MAX_CPU_USAGE_PERCENT must be a number above 0 and up to 100, got "ninety"$/,
  );
});
