// /proc/self/io: what this process read and wrote.
//
//   rchar, wchar               bytes passed through read() and write() and their like: caches and sockets included
//   read_bytes, write_bytes    bytes that reached, or will reach, a disk
//
// Source: proc_pid_io(5).

import type { Bytes } from "@flx/model/write";
import { KeyedNumbers } from "./keyed-numbers.ts";

/** Counters since the process started. */
export interface ProcSelfIo {
  readonly readBytes: Bytes | undefined;
  readonly writtenBytes: Bytes | undefined;
  readonly diskReadBytes: Bytes | undefined;
  readonly diskWrittenBytes: Bytes | undefined;
}

const lines = new KeyedNumbers(["rchar", "wchar", "read_bytes", "write_bytes"]);

/** @returns undefined when none of the wanted lines is there */
export function parseProcSelfIo(bytes: Uint8Array): ProcSelfIo | undefined {
  if (lines.read(bytes) === 0) return undefined;
  return {
    readBytes: lines.get("rchar") as Bytes | undefined,
    writtenBytes: lines.get("wchar") as Bytes | undefined,
    diskReadBytes: lines.get("read_bytes") as Bytes | undefined,
    diskWrittenBytes: lines.get("write_bytes") as Bytes | undefined,
  };
}
