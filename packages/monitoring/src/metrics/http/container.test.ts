import assert from "node:assert/strict";
import { test } from "node:test";
import { isInContainer } from "./container.ts";

test("isInContainer() goes by files and environment", () => {
  const f = (env: Record<string, string>, files: string[], want: boolean) => {
    assert.equal(
      isInContainer(env, (file) => files.includes(file)),
      want,
    );
  };

  f({}, [], false);
  f({}, ["/etc/passwd"], false);
  f({}, ["/.dockerenv"], true);
  f({}, ["/run/.containerenv"], true);
  f({ KUBERNETES_SERVICE_HOST: "10.0.0.1" }, [], true);
  f({ container: "podman" }, [], true);
  f({ container: "" }, [], false);
});
