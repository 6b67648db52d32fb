import assert from "node:assert/strict";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { test } from "node:test";
import { selfSigned } from "./self-signed.ts";

test("selfSigned() makes a certificate that Node reads, for localhost, signed by its own key", () => {
  const { certificate, key } = selfSigned(Date.parse("2026-01-05T00:00:00Z"));
  const read = new X509Certificate(certificate);
  assert.ok(read.verify(read.publicKey));
  assert.ok(read.checkPrivateKey(createPrivateKey(key)));
  assert.equal(read.checkHost("localhost"), "localhost");
  assert.equal(read.checkIP("127.0.0.1"), "127.0.0.1");
  assert.deepEqual(
    [read.validFromDate.toISOString().slice(0, 10), read.validToDate.getUTCFullYear()],
    ["2026-01-04", 2036],
  );
});
