import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCgroupMemberships } from "./cgroup-location.ts";

test("parseCgroupMemberships() reads lines and leaves out damaged ones", () => {
  const f = (text: string, want: readonly string[] | undefined) =>
    assert.deepEqual(
      parseCgroupMemberships(new TextEncoder().encode(text))?.map(
        ({ hierarchyId, controllers, path }) => `${hierarchyId} ${controllers.join("+")} ${path}`,
      ),
      want,
    );

  f("0::/user.slice\n", ["0  /user.slice"]);
  f("4:memory:/docker/abc\n1:cpu,cpuacct:/\n", ["4 memory /docker/abc", "1 cpu+cpuacct /"]);
  f("9:name=systemd:/a:b\n", ["9 name=systemd /a:b"]);
  f("x\n4\n4:\n4:memory\n4:memory:relative\n0::/ok", ["0  /ok"]);
  f("no lines", undefined);
  f("", undefined);
});
