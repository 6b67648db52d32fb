import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
// The shop makes its certificates with code alone, which also serves here: no OpenSSL, no files in the repository.
import { selfSigned } from "../../../../../examples/shop/src/grpc/self-signed.ts";
import { ClientTls } from "./client-tls.ts";

function opened(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "flx-client-tls-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = {
    caFile: join(folder, "ca.pem"),
    certFile: join(folder, "cert.pem"),
    keyFile: join(folder, "key.pem"),
  };
  const pair = (): void => {
    const { certificate, key } = selfSigned(Date.now());
    writeFileSync(files.certFile, certificate);
    writeFileSync(files.keyFile, key);
  };
  pair();
  writeFileSync(files.caFile, selfSigned(Date.now()).certificate);
  const told: (string | undefined)[] = [];
  let nowMs = 0;
  const tls = new ClientTls(
    files,
    (fault) => told.push(fault),
    () => nowMs,
  );
  const later = () => {
    nowMs += 10_000;
    return tls.parts;
  };
  return { files, pair, told, tls, later };
}

test("ClientTls has new files ten seconds later, and the same parts as long as nothing changes", (t) => {
  const { tls, pair, later, told } = opened(t);
  const { parts } = tls;
  assert.equal(later(), parts);
  pair();
  assert.equal(tls.parts, parts);
  const renewed = later();
  assert.notDeepEqual(renewed.cert, parts.cert);
  assert.deepEqual(renewed.ca, parts.ca);
  assert.equal(later(), renewed);
  pair();
  assert.equal(tls.parts, renewed);
  tls.doubt();
  assert.notDeepEqual(tls.parts.cert, renewed.cert);
  assert.deepEqual(told, []);
});

test("ClientTls keeps the old ones while new files are missing, broken or do not fit, and tells it once", (t) => {
  const { files, tls, pair, later, told } = opened(t);
  const { parts } = tls;
  const f = (damage: () => void, want: RegExp) => {
    damage();
    told.length = 0;
    assert.equal(later(), parts);
    assert.equal(later(), parts);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", want);
  };

  f(() => writeFileSync(files.certFile, selfSigned(Date.now()).certificate), /cannot be used: /);
  f(() => rmSync(files.keyFile), /key\.pem cannot be used: ENOENT/);
  f(() => {
    pair();
    writeFileSync(files.caFile, "no certificate");
  }, /cannot be used: /);
  f(() => writeFileSync(files.caFile, Buffer.alloc(2 * 1024 * 1024)), /more than 1048576 bytes/);

  writeFileSync(files.caFile, selfSigned(Date.now()).certificate);
  told.length = 0;
  assert.notEqual(later(), parts);
  assert.deepEqual(told, [undefined]);
});
