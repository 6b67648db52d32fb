import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { detectResource, DETECTOR_NAMES } from "./detect-resource.ts";
import { serviceResource } from "./service-resource.ts";

const ID = "4f1a".repeat(16);
const UID = "0f3c1a2b-1111-2222-3333-444455556666";

/** A folder with files that stands for the machine. */
function machine(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "tracing-resource-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test("detectResource() finds name and version of the nearest package", (t) => {
  const root = machine(t, {
    "app/package.json": '{ "name": "@shop/orders", "version": "1.4.0" }',
    "broken/package.json": "{",
  });
  const f = (program: string | undefined, name?: string, version?: string) => {
    const found = detectResource(["service"], { env: {}, root, program });
    assert.equal(found["service.name"], name);
    assert.equal(found["service.version"], version);
  };

  f("/app/dist/server/main.js", "@shop/orders", "1.4.0");
  f("/broken/main.js");
  f(undefined);
  const ids = [1, 2].map(
    () =>
      detectResource(["service"], { env: {}, root, program: "/app/a.js" })["service.instance.id"],
  );
  assert.equal(ids[0], ids[1]);
});

test("detectResource() describes host and process without arguments and without asking anybody", (t) => {
  const root = machine(t, { "etc/machine-id": "abc123\n" });
  const found = detectResource(["host", "process"], { env: {}, root, program: "/app/main.js" });
  assert.equal(found["host.name"], hostname());
  assert.equal(found["host.id"], "abc123");
  assert.match(String(found["host.arch"]), /^(amd64|arm64|arm32|x86|ppc64|s390x)$/);
  assert.match(String(found["os.type"]), /^(linux|darwin|windows)$/);
  assert.equal(found["process.pid"], process.pid);
  assert.equal(found["process.command"], "/app/main.js");
  assert.equal(found["process.runtime.name"], "nodejs");
  assert.equal(found["process.command_args"], undefined);
});

test("detectResource() finds container and pod in files and variables", (t) => {
  const root = machine(t, {
    "proc/self/cgroup": "0::/\n",
    "proc/self/mountinfo":
      `1 2 0:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw\n` +
      `3 4 8:1 /var/lib/kubelet/pods/${UID}/containers/app/12345678 /dev/termination-log rw\n`,
    "var/run/secrets/kubernetes.io/serviceaccount/namespace": "shop",
  });
  const env = {
    KUBERNETES_SERVICE_HOST: "10.0.0.1",
    HOSTNAME: "orders-7d9f-x2x4z",
    NODE_NAME: "n1",
  };
  const f = (given: Readonly<Record<string, string>>, want: Record<string, unknown>) => {
    const found = detectResource(["container", "k8s"], { env: given, root, program: undefined });
    assert.deepEqual(found, { "container.id": ID, ...want });
  };

  f({}, {});
  const usual = {
    "k8s.namespace.name": "shop",
    "k8s.pod.name": "orders-7d9f-x2x4z",
    "k8s.pod.uid": UID,
    "k8s.node.name": "n1",
    "k8s.container.name": "app",
  };
  f(env, usual);
  f(
    { ...env, POD_NAMESPACE: "other", K8S_POD_NAME: "p", POD_UID: "u", K8S_CLUSTER_NAME: "c" },
    {
      ...usual,
      "k8s.namespace.name": "other",
      "k8s.pod.name": "p",
      "k8s.pod.uid": "u",
      "k8s.cluster.name": "c",
    },
  );
});

test("detectResource() says nothing where there is nothing", (t) => {
  const root = machine(t, {});
  assert.deepEqual(detectResource(["container", "k8s"], { env: {}, root, program: "" }), {});
  assert.deepEqual(detectResource([]), {});
  assert.ok(Object.keys(detectResource(DETECTOR_NAMES)).length > 8);
});

test("serviceResource() takes what is said before what is found", () => {
  const f = (identity: Parameters<typeof serviceResource>[0], name: string, want: unknown) => {
    assert.equal(serviceResource({ detectors: [], ...identity })[name], want);
  };

  f({}, "service.name", "unknown_service:node");
  f({ resource: { "service.name": "a" } }, "service.name", "a");
  f({ service: "b", resource: { "service.name": "a" } }, "service.name", "b");
  f({ version: "2" }, "service.version", "2");
  f({ environment: "test" }, "deployment.environment.name", "test");
  f({}, "telemetry.sdk.language", "nodejs");
});
