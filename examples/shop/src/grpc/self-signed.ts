// A certificate for `shop up --tls`, made in the data folder: no OpenSSL needed, no key in the repository.
//
//   Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }
//   tbsCertificate: version 3, serial, ecdsa-with-SHA256, issuer, validity, subject (= issuer), P-256 key,
//                   subjectAltName localhost and 127.0.0.1
//
// Written in DER (X.690: tag, length, content) as RFC 5280 lays it out. For loopback and demos only.

import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const dayMs = 86_400_000;

/** Writes cert.pem and key.pem (readable by the owner only) into `folder` unless they are there. */
export function ensureCertificate(folder: string, nowMs: number): void {
  if (existsSync(join(folder, "key.pem"))) return;
  mkdirSync(folder, { recursive: true });
  const { certificate, key } = selfSigned(nowMs);
  writeFileSync(join(folder, "cert.pem"), certificate);
  writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
}

/** A fresh key and a certificate for localhost and 127.0.0.1, good for ten years from yesterday; both PEM. */
export function selfSigned(nowMs: number): { certificate: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const name = sequence(set(sequence(oid("550403"), der(0x0c, Buffer.from("flx shop demo"))))); // commonName
  const altNames = sequence(
    der(0x82, Buffer.from("localhost")), // dNSName
    der(0x87, Buffer.from([127, 0, 0, 1])), // iPAddress
  );
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])), // serial, positive
    algorithm,
    name,
    sequence(time(nowMs - dayMs), time(nowMs + 3650 * dayMs)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(sequence(oid("551d11"), der(0x04, altNames)))), // extensions: subjectAltName
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", body, privateKey)]));
  return {
    certificate: pem(sequence(body, algorithm, signature)),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 256) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 255]), content]);
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
const set = (...parts: Buffer[]): Buffer => der(0x31, Buffer.concat(parts));
const integer = (bytes: Buffer): Buffer => der(0x02, bytes);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

/** UTCTime up to 2049, which is what RFC 5280 wants. */
function time(unixMs: number): Buffer {
  const digits = new Date(unixMs).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
