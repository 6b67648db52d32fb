// /proc/self/mountinfo: every mount that this process can see.
//
//   36 35 98:0 /mnt1 /mnt/parent\040dir rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//   id parent device root point         options  (0 or more)  - type source  super options
//
// Blanks, tabs, line feeds and backslashes in names are written as octal escapes: \040 \011 \012 \134.
// Source: the kernel's Documentation/filesystems/proc.rst, section 3.5. Used by mounts.ts and cgroup-files.ts.

import { ByteScanner, NO_NUMBER, textOf } from "./byte-scanner.ts";

const BACKSLASH = 92;
const ZERO = 48;

/** One line of mountinfo. */
export interface MountEntry {
  readonly id: number;
  readonly parentId: number;
  /** Major and minor number of the device: the same for all mounts of one file system. */
  readonly device: string;
  /** Which part of the file system is mounted: "/" for all of it. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: string;
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: string;
}

/** @returns undefined when there is not one good line; malformed lines are left out */
export function parseMountinfo(bytes: Uint8Array): readonly MountEntry[] | undefined {
  const scanner = new ByteScanner(bytes);
  const entries: MountEntry[] = [];
  while (!scanner.done) {
    const entry = readEntry(scanner);
    if (entry !== undefined) entries.push(entry);
    scanner.nextLine();
  }
  return entries.length === 0 ? undefined : entries;
}

function readEntry(scanner: ByteScanner): MountEntry | undefined {
  const id = scanner.integer();
  const parentId = scanner.integer();
  const device = textOf(scanner.word());
  const root = unescape(scanner.word());
  const mountPoint = unescape(scanner.word());
  const options = textOf(scanner.word());
  if (id === NO_NUMBER || parentId === NO_NUMBER || options === "") return undefined;
  if (!skipOptionalFields(scanner)) return undefined;
  const fsType = unescape(scanner.word());
  const source = unescape(scanner.word());
  const superOptions = textOf(scanner.word());
  if (fsType === "" || !mountPoint.startsWith("/")) return undefined;
  return { id, parentId, device, root, mountPoint, options, fsType, source, superOptions };
}

/** Goes behind the lone "-" that ends the optional fields. */
function skipOptionalFields(scanner: ByteScanner): boolean {
  for (;;) {
    const word = scanner.word();
    if (word.length === 0) return false;
    if (word.length === 1 && word[0] === 45) return true;
  }
}

/** The text of a name with its octal escapes undone; what is no escape stays as it is. */
export function unescape(bytes: Uint8Array): string {
  if (!bytes.includes(BACKSLASH)) return textOf(bytes);
  const plain = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const octal = bytes[i] === BACKSLASH ? octalAt(bytes, i + 1) : -1;
    plain[length++] = octal === -1 ? bytes[i]! : octal;
    if (octal !== -1) i += 3;
  }
  return textOf(plain.subarray(0, length));
}

/** The byte that three octal digits name, or -1. */
function octalAt(bytes: Uint8Array, at: number): number {
  if (at + 3 > bytes.length) return -1;
  let value = 0;
  for (let i = at; i < at + 3; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 7) return -1;
    value = value * 8 + digit;
  }
  return value <= 255 ? value : -1;
}
