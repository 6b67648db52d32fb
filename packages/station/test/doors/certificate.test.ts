// The certificate of flx up: renewed in place, all three doors show the new one, and who is connected stays connected.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { test } from "node:test";
import { connect } from "node:tls";
import { requirePeer, temporaryFolder, TestAuthority, waitUntil } from "@flx/testkit";
import { StationProcess } from "../running-station.ts";

const NAMES = ["DNS:localhost", "IP:127.0.0.1"];
const CONFIG = "tls: { cert_file: station.crt, key_file: station.key }\nlog: { level: info }\n";

test("a renewed certificate is shown by every door without a restart, a wrong one by none", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using authority = await TestAuthority.create(openssl.path);
  await using folder = await temporaryFolder("certificate");
  const issue = (commonName: string) => authority.issue({ commonName, names: NAMES });
  const [first, second, third] = await Promise.all(["first", "second", "third"].map(issue));
  const write = async (cert: string, key: string): Promise<void> => {
    await writeFile(folder.file("station.crt"), cert);
    await writeFile(folder.file("station.key"), key);
  };
  await write(first!.cert, first!.key);
  await using station = await StationProcess.start({ folder, config: CONFIG });
  const doors = [station.url, station.otlpHttp, station.otlpGrpc];
  const shown = (): Promise<string[]> =>
    Promise.all(doors.map((url) => shownName(url, authority.cert)));
  const agent = new Agent({ ca: authority.cert, keepAlive: true, maxSockets: 1 });
  const ask = (path: string, method = "GET") => statusOf(station.url + path, agent, method);

  assert.deepEqual(await shown(), ["first", "first", "first"]);
  assert.deepEqual(await ask("/livez"), { status: 200, reused: false });

  await write(second!.cert, second!.key);
  assert.deepEqual(await ask("/-/reload", "POST"), { status: 200, reused: true });
  assert.deepEqual(await shown(), ["second", "second", "second"]);
  assert.deepEqual(await ask("/livez"), { status: 200, reused: true }, "it stays connected");

  await write(third!.cert, second!.key);
  assert.equal((await ask("/-/reload", "POST")).status, 200);
  assert.match(station.process.log(), /the renewed certificate cannot be used; the old one stays/);
  assert.deepEqual(await shown(), ["second", "second", "second"]);

  await write(third!.cert, third!.key);
  await waitUntil(async () => (await shown()).join() === "third,third,third", {
    timeoutMs: 120_000,
    everyMs: 200,
    what: "the third certificate, which nobody asked for",
  });
  agent.destroy();
});

/** The common name of the certificate a server shows. */
function shownName(url: string, ca: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { host, port: Number(port), ca, ALPNProtocols: ["h2", "http/1.1"] };
    const socket = connect(options, () => {
      const name = String(socket.getPeerCertificate().subject.CN);
      socket.destroy();
      resolve(name);
    });
    socket.on("error", reject);
  });
}

function statusOf(
  url: string,
  agent: Agent,
  method: string,
): Promise<{ readonly status: number; readonly reused: boolean }> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, method }, (response) => {
      response.resume();
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, reused: asking.reusedSocket }),
      );
    });
    asking.on("error", reject);
    asking.end();
  });
}
