import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { requirePeer, temporaryFolder, TestAuthority } from "@flx/testkit";
import { readTlsFiles, TlsFiles, type TlsMaterial } from "./tls-files.ts";

test("TlsFiles gives renewed files when they fit together, and tells once when they do not", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using folder = await temporaryFolder("tls-files");
  await using authority = await TestAuthority.create(openssl.path);
  const [first, second] = await Promise.all([
    authority.issue({ commonName: "first" }),
    authority.issue({ commonName: "second" }),
  ]);
  const paths = { cert: join(folder.path, "tls.crt"), key: join(folder.path, "tls.key") };
  await writeFile(paths.cert, first.cert);
  await writeFile(paths.key, first.key);

  const changes: TlsMaterial[] = [];
  const failures: unknown[] = [];
  const observer = {
    onChange: (material: TlsMaterial) => void changes.push(material),
    onFailure: (error: unknown) => void failures.push(error),
  };
  const { files, material } = await TlsFiles.open(paths, observer, 3_600_000);
  using _ = files;
  assert.equal(material.cert, first.cert);
  await files.check();
  assert.deepEqual([changes.length, failures.length], [0, 0]);

  await writeFile(paths.cert, second.cert);
  await files.check();
  await files.check();
  assert.deepEqual([changes.length, failures.length], [0, 1], "the key is still the old one");
  await writeFile(paths.key, second.key);
  await files.check();
  assert.deepEqual([changes.length, failures.length], [1, 1]);
  assert.deepEqual([changes[0]?.cert, changes[0]?.key], [second.cert, second.key]);

  await rm(paths.key);
  await files.check();
  assert.equal(failures.length, 2);
});

test("readTlsFiles() says which file is missing, and which do not belong together", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using folder = await temporaryFolder("tls-files");
  const [cert, key] = [join(folder.path, "a.crt"), join(folder.path, "a.key")];
  const code = "FLX_TLS_FILES";
  await assert.rejects(readTlsFiles({ cert, key }), {
    code,
    message: /a\.(?:crt|key): there is no such file or folder \(ENOENT\)/,
  });
  await writeFile(cert, "no certificate");
  await writeFile(key, "no key");
  await assert.rejects(readTlsFiles({ cert, key }), { code, message: /a\.crt and .*a\.key/ });
});
