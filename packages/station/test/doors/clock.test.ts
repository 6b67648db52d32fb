// The clock of the station's machine jumps, back and forth, while somebody sends with a right one: what is taken is there, what
// is an hour ahead of the station's clock is refused and told, nobody is locked out for an hour, and when the clock is right
// again everything is taken and the station watches itself as before.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder, waitUntil } from "@flx/testkit";
import { hashPassword } from "../../src/base/access/password-hash.ts";
import { StationProcess } from "../running-station.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WAIT = { timeoutMs: 90_000, everyMs: 200 };
const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`alice:${password}`).toString("base64")}`,
});

test("a clock that jumps loses no sample and locks nobody out", async () => {
  await using folder = await temporaryFolder("clock");
  const clock = folder.file("clock");
  await writeFile(clock, "0");
  await using station = await StationProcess.start({
    folder,
    config: `access:
  anonymous: [write]
  users: [{ name: alice, roles: [admin], password_hash: "${await hashPassword("sesame")}" }]
limits: { requests_per_second: 100 }
`,
    nodeArgs: ["--import", import.meta.resolve("./jumping-clock.ts")],
    env: { FLX_TEST_CLOCK: clock },
  });
  const ask = async (path: string, password = "sesame") => {
    const response = await fetch(station.url + path, { headers: basic(password) });
    return { status: response.status, text: await response.text() };
  };
  const valueOf = async (query: string): Promise<number> => {
    const time = (Date.now() + 1_000) / 1_000;
    const { text } = await ask(`/api/v1/query?query=${encodeURIComponent(query)}&time=${time}`);
    return Number(/"value":\[[\d.]+,"([^"]+)"\]/.exec(text)?.[1] ?? NaN);
  };
  const clockOfStation = async (): Promise<number> => {
    const { text } = await ask("/api/v1/query?query=time()");
    return 1_000 * Number(/"([\d.]+)"\]/.exec(text)?.[1]);
  };
  let sent = 0;
  const send = async (isBehind: boolean): Promise<void> => {
    const dataPoints = [{ timeUnixNano: `${Date.now()}000000`, asDouble: sent + 1 }];
    const metrics = [{ name: "sent", gauge: { dataPoints } }];
    const response = await fetch(`${station.otlpHttp}/v1/metrics`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }),
    });
    const text = await response.text();
    if (isBehind) assert.match(text, /rejectedDataPoints":"1".*too far ahead of the clock/);
    else {
      assert.equal(text, "{}");
      sent++;
    }
    await sleep(5);
  };

  for (const jump of [0, HOUR, -HOUR, DAY, -DAY, 365 * DAY, -1, -2, 0]) {
    await writeFile(clock, String(jump));
    await waitUntil(async () => Math.abs((await clockOfStation()) - Date.now() - jump) < 60_000, {
      ...WAIT,
      what: `the station's clock to be off by ${jump} ms`,
    });
    for (let i = 0; i < 5; i++) await send(jump <= -HOUR);
    assert.equal(await valueOf("count_over_time(sent[30m])"), sent, `after ${jump}`);
    assert.equal(await valueOf("sent"), sent, `after ${jump}`);
    // A wrong password costs a try, which comes back whatever the clock says.
    assert.equal((await ask("/api/v1/labels", "wrong")).status, 401);
    assert.equal((await ask("/api/v1/labels")).status, 200, `after ${jump}`);
    assert.equal((await ask("/livez")).status, 200);
  }
  await waitUntil(
    async () => (await valueOf("time() - flx_station_heartbeat_timestamp_seconds")) < 60,
    { ...WAIT, what: "the station to watch itself again" },
  );
  assert.equal(station.process.exit, undefined);
  assert.doesNotMatch(station.process.log(), /a request failed inside/);
});
