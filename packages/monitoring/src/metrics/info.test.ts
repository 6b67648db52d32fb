import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError, parseExpositionStrict, writeExposition } from "@flx/model";
import { Info } from "./info.ts";
import { Registry } from "./registry.ts";

const labelNames = ["version", "revision"] as const;

test("Info.set() says the facts, and only the latest", async () => {
  const registry = new Registry();
  const info = new Info({ name: "build", help: "h", labelNames, registers: [registry] });
  const f = async (want: string) => {
    const header = want === "" ? "" : "# HELP build_info h\n# TYPE build_info gauge\n";
    assert.equal(await registry.metrics(), header + want);
  };

  await f("");
  info.set({ version: "1", revision: "a" });
  await f('build_info{version="1",revision="a"} 1\n');
  info.set({ version: 2, revision: "b" });
  await f('build_info{version="2",revision="b"} 1\n');
  info.set({ version: 2, revision: "b" });
  await f('build_info{version="2",revision="b"} 1\n');
  info.set({ version: "1", revision: "a" });
  await f('build_info{version="1",revision="a"} 1\n');
  info.reset();
  await f("");
});

test("Info has its suffix once, whichever way it was named, in all forms", async () => {
  for (const name of ["build", "build_info"]) {
    const registry = new Registry();
    const info = new Info({ name, help: "h", labelNames, registers: [registry] });
    info.set({ version: "1", revision: "a" });
    const openMetrics =
      '# TYPE build info\n# HELP build h\nbuild_info{version="1",revision="a"} 1\n# EOF\n';
    assert.equal(await registry.metrics({ format: "openmetrics" }), openMetrics);
    for (const format of ["text", "openmetrics"] as const) {
      const exposed = await registry.metrics({ format });
      parseExpositionStrict(exposed, { format });
      const written = writeExposition(await registry.families(), { format });
      assert.equal(
        written.replace('revision="a",version="1"', 'version="1",revision="a"'),
        exposed,
      );
    }
  }
});

test("Info without labels is there once it was set", async () => {
  const registry = new Registry();
  const info = new Info({ name: "x", help: "h", registers: [registry] });
  const header = "# HELP x_info h\n# TYPE x_info gauge\n";
  assert.equal(await registry.metrics(), "");
  info.set({});
  assert.equal(await registry.metrics(), `${header}x_info 1\n`);
  info.reset();
  assert.equal(await registry.metrics(), "");
});

test("Info.set() with wrong labels leaves what was there", async () => {
  const registry = new Registry({ misuse: "throw" });
  const info = new Info({
    name: "build",
    help: "h",
    labelNames,
    labelValues: { revision: ["a"] },
    registers: [registry],
  });
  info.set({ version: "1", revision: "a" });
  const f = (call: () => void) => {
    assert.throws(call, (e) => e instanceof FlxError && e.code === "FLX_METRIC_LABELS");
  };

  // @ts-expect-error revision is missing
  f(() => info.set({ version: "2" }));
  // @ts-expect-error user is not declared
  f(() => info.set({ version: "2", revision: "a", user: "x" }));
  // @ts-expect-error b is not in the list
  f(() => info.set({ version: "2", revision: "b" }));
  assert.match(await registry.metrics(), /^build_info\{version="1",revision="a"\} 1$/m);
});

test("Info.collect is called before an exposition, and may be asynchronous", async () => {
  let version = 0;
  const bring: ((this: Info<"version">) => void | Promise<void>)[] = [
    function bring() {
      this.set({ version: ++version });
    },
    async function bring() {
      await Promise.resolve();
      this.set({ version: ++version });
    },
  ];
  for (const collect of bring) {
    const registry = new Registry();
    version = 0;
    const info = new Info({
      name: "build",
      help: "h",
      labelNames: ["version"],
      registers: [registry],
      collect,
    });
    assert.equal(info.name, "build");
    await registry.metrics();
    assert.match(await registry.metrics(), /^build_info\{version="2"\} 1$/m);
  }
});
