// deploy/ is text that somebody else's machine runs: what can be judged here is judged here.
//
//   flx.yml               a station starts with it, and lets in who it says
//   flx-station.service   systemd-analyze knows every setting, and finds it closed enough
//   Containerfile         its instructions are known, what it copies is there, its commands are run as they stand

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { requirePeer, startProcess, temporaryFolder } from "@flx/testkit";

const root = join(import.meta.dirname, "..");
/** The command `flx`, from its sources. */
const flx = ["--conditions=@flx/source", join(root, "packages/station/src/main.ts")];

function deployed(name: string): string {
  return readFileSync(join(root, "deploy", name), "utf8");
}

/** The arguments with which something of deploy/ starts a station, on free ports and another folder. */
function elsewhere(args: readonly string[], folder: string): string[] {
  const [config, data] = [args.indexOf("--config"), args.indexOf("--data")];
  assert.ok(config > 0 && data > 0, args.join(" "));
  const changed = [...args];
  changed[config + 1] = join(root, "deploy/flx.yml");
  changed[data + 1] = folder;
  return [...changed, "--listen", "0", "--otlp-grpc", "0", "--otlp-http", "0"];
}

test("deploy/flx-station.service is what systemd knows, and closed", async (t) => {
  const peer = requirePeer(t, "systemd-analyze");
  if (peer === undefined) return;
  await using folder = await temporaryFolder("deploy");
  const unit = folder.file("flx-station.service");
  // The command has to be there for systemd to be content.
  await writeFile(
    unit,
    deployed("flx-station.service").replace("/usr/local/bin/flx", process.execPath),
  );
  const verified = spawnSync(peer.path, ["verify", unit], { encoding: "utf8" });
  // What it does not know it only tells.
  assert.deepEqual([verified.status, verified.stdout + verified.stderr], [0, ""]);
  const judged = spawnSync(peer.path, ["security", "--offline=yes", "--threshold=20", unit], {
    encoding: "utf8",
  });
  assert.equal(judged.status, 0, judged.stdout.slice(-300) + judged.stderr);
});

test("deploy/Containerfile has only known instructions, and copies what is there", () => {
  const lines = instructions(deployed("Containerfile"));
  const known = new Set(
    "FROM WORKDIR COPY RUN ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD".split(" "),
  );
  assert.deepEqual(
    lines.filter(([name]) => !known.has(name)),
    [],
  );
  for (const [name, rest] of lines) {
    const [source = ""] = rest.split(" ");
    if (name === "COPY" && !source.startsWith("--from")) {
      assert.ok(existsSync(join(root, source)), `${source} is not there`);
    }
  }
  const packed = [...deployed("Containerfile").matchAll(/--workspace (\S+)/g)].map(
    ([, path]) => path!,
  );
  const published = ["model", "promql", "monitoring", "station"].map((name) => `packages/${name}`);
  assert.deepEqual(packed, published);
  const ports = lines.find(([name]) => name === "EXPOSE")?.[1].split(" ");
  assert.deepEqual(
    ports,
    [...deployed("flx.yml").matchAll(/0\.0\.0\.0:(\d+)/g)].map(([, port]) => port),
  );
});

test("the container's command starts a station that lets in whom deploy/flx.yml names, and its health check says so", async () => {
  await using folder = await temporaryFolder("deploy");
  const lines = new Map(instructions(deployed("Containerfile")));
  const words = (name: string): string[] => JSON.parse(lines.get(name)!) as string[];
  const [entry, ...args] = [...words("ENTRYPOINT"), ...words("CMD")];
  assert.equal(entry, "flx");
  const unit = /^ExecStart=(\S+) (.*)$/m.exec(deployed("flx-station.service"))!;
  assert.deepEqual(unit[2]!.split(" ").slice(0, 3), args.slice(0, 3), "as the unit does");

  const secrets = folder.file("secrets");
  await mkdir(secrets);
  for (const who of ["reader", "writer"])
    await writeFile(join(secrets, who), `${who}-${who}-${who}\n`);
  await using station = await startProcess({
    name: "flx up",
    command: process.execPath,
    args: [...flx, ...elsewhere(args, folder.file("data"))],
    cwd: folder.path,
    env: { CREDENTIALS_DIRECTORY: secrets },
    stopTimeoutMs: 30_000,
  });
  await station.waitForLine(/OTEL_EXPORTER_OTLP_ENDPOINT=/, 120_000);
  const url = /Pages, for a browser +(\S+)\/\s/.exec(station.log())![1]!;
  const ask = async (path: string, who?: string): Promise<number> => {
    const headers: Record<string, string> =
      who === undefined ? {} : { authorization: `Bearer ${who}-${who}-${who}` };
    return (await fetch(url + path, { headers })).status;
  };
  assert.deepEqual(
    [await ask("/"), await ask("/", "writer"), await ask("/", "reader")],
    [401, 403, 200],
  );

  const check = commandOf(lines.get("HEALTHCHECK")!);
  assert.equal(check[0], "flx");
  const asked = check.slice(1).map((word) => word.replace("http://127.0.0.1:3590", url));
  const healthy = spawnSync(process.execPath, [...flx, ...asked], { encoding: "utf8" });
  assert.equal(healthy.status, 0, healthy.stderr);
  assert.equal((await station.stop()).code, 0, station.log());
});

/** The instructions of a container file, with continued lines put together. */
function instructions(text: string): (readonly [name: string, rest: string])[] {
  const lines = text.replaceAll("\\\n", " ").split("\n");
  return lines
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const);
}

/** The words of a health check's command. */
function commandOf(line: string): string[] {
  return JSON.parse(line.slice(line.indexOf("["))) as string[];
}
