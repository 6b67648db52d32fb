import assert from "node:assert/strict";
import { test } from "node:test";
import { hashPassword, parsePasswordHash, verifyPassword } from "./password-hash.ts";

test("hashPassword() gives a text that only its password satisfies", async () => {
  const text = await hashPassword("correct horse");
  assert.match(text, /^\$scrypt\$ln=15,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  const known = parsePasswordHash(text);
  assert.equal(await verifyPassword("correct horse", known), true);
  assert.equal(await verifyPassword("correct horsE", known), false);
  assert.equal(await verifyPassword("", known), false);
  assert.equal(await verifyPassword("x".repeat(2_000), known), false);
  assert.notEqual(await hashPassword("correct horse"), text, "each has a salt of its own");
});

test("verifyPassword() agrees with RFC 7914's test vector, and takes a password in any Unicode form", async () => {
  // scrypt (P="pleaseletmein", S="SodiumChloride", N=16384, r=8, p=1, dkLen=64), section 12
  const hash =
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887";
  const encoded = Buffer.from(hash, "hex").toString("base64").replaceAll("=", "");
  const salt = Buffer.from("SodiumChloride").toString("base64").replaceAll("=", "");
  const known = parsePasswordHash(`$scrypt$ln=14,r=8,p=1$${salt}$${encoded}`);
  assert.equal(await verifyPassword("pleaseletmein", known), true);
  const composed = parsePasswordHash(await hashPassword("caf\u00e9"));
  assert.equal(await verifyPassword("cafe\u0301", composed), true);
});

test("parsePasswordHash() refuses what is none, is weak, or would take the machine", () => {
  const [salt, hash] = ["A".repeat(22), "A".repeat(43)];
  for (const text of [
    "",
    "secret",
    "$2y$10$abcdefghijklmnopqrstuv",
    `$scrypt$ln=15,r=8$${salt}$${hash}`,
    `$scrypt$ln=15,r=8,p=1$${salt}$`,
    `$scrypt$ln=9,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=20,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=15,r=0,p=1$${salt}$${hash}`,
    `$scrypt$ln=15,r=8,p=17$${salt}$${hash}`,
    `$scrypt$ln=15,r=8,p=1$${salt}$${hash}\n`,
  ]) {
    assert.throws(() => parsePasswordHash(text), { code: "FLX_ACCESS_PASSWORD" }, text);
  }
});

test("hashPassword() refuses no password and a long one", async () => {
  for (const password of ["", "x".repeat(1_025)]) {
    await assert.rejects(hashPassword(password), { code: "FLX_ACCESS_PASSWORD" });
  }
});
