// /proc/diskstats: what each block device has read and written, and how long it was busy.
//
//   254       0 vda 12345 67 890123 4567 ...
//   major minor name  reads merged sectors ms  writes merged sectors ms  in-flight  busy-ms  weighted-ms  (discard, flush)
//
// A sector is 512 bytes here, whatever the device's own sectors are. RAM disks, loop devices and devices that
// have never been used are left out: some systems have dozens of them.
// Source: the kernel's Documentation/admin-guide/iostats.rst.

import type { Bytes } from "@flx/model/write";
import { ByteScanner, NO_NUMBER, textOf } from "./byte-scanner.ts";

const SECTOR_BYTES = 512;
const MILLISECONDS = 1_000;
const COLUMNS = 11;

/** A block device: a disk, a partition, a mapped device. All are counters but `inFlight`. */
export interface BlockDevice {
  readonly name: string;
  readonly reads: number;
  readonly readBytes: Bytes;
  readonly readSeconds: number;
  readonly writes: number;
  readonly writtenBytes: Bytes;
  readonly writeSeconds: number;
  /** Requests being served now. */
  readonly inFlight: number;
  /** Time in which at least one request was being served: its rate is the utilisation. */
  readonly busySeconds: number;
  /** Time times requests in flight: its rate is the mean queue length. */
  readonly weightedSeconds: number;
}

/** @returns undefined when no line could be read; single malformed lines are left out */
export function parseDiskstats(bytes: Uint8Array): readonly BlockDevice[] | undefined {
  const scanner = new ByteScanner(bytes);
  const columns = new Float64Array(COLUMNS);
  const devices: BlockDevice[] = [];
  let lines = 0;
  while (!scanner.done) {
    scanner.integer();
    scanner.integer();
    const name = scanner.word();
    if (name.length > 0 && readColumns(scanner, columns)) {
      lines += 1;
      const text = isUsed(columns) ? textOf(name) : "";
      if (text !== "" && !text.startsWith("ram") && !text.startsWith("loop")) {
        devices.push(deviceOf(text, columns));
      }
    }
    scanner.nextLine();
  }
  return lines === 0 ? undefined : devices;
}

function readColumns(scanner: ByteScanner, columns: Float64Array): boolean {
  for (let i = 0; i < COLUMNS; i++) {
    const value = scanner.integer();
    if (value === NO_NUMBER) return false;
    columns[i] = value;
  }
  return true;
}

const isUsed = (columns: Float64Array): boolean => columns[0]! + columns[4]! > 0;

function deviceOf(name: string, columns: Float64Array): BlockDevice {
  const column = (index: number): number => columns[index]!;
  return {
    name,
    reads: column(0),
    readBytes: (column(2) * SECTOR_BYTES) as Bytes,
    readSeconds: column(3) / MILLISECONDS,
    writes: column(4),
    writtenBytes: (column(6) * SECTOR_BYTES) as Bytes,
    writeSeconds: column(7) / MILLISECONDS,
    inFlight: column(8),
    busySeconds: column(9) / MILLISECONDS,
    weightedSeconds: column(10) / MILLISECONDS,
  };
}
