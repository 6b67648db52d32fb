// Pressure stall information (PSI): how much of the time work stood still for want of a resource.
//
//   some avg10=45.99 avg60=31.80 avg300=20.77 total=228048504     at least one task waited
//   full avg10=0.00 avg60=0.00 avg300=0.00 total=0                all of them waited at once: nothing was done
//
// The averages are percent of the last 10, 60 and 300 s, the total is microseconds since boot: from it any window
// can be computed. Of CPU, "full" is always 0 for the whole machine and tells something only in a cgroup.
// /proc/pressure/{cpu,memory,io,irq} speak of the machine, {cpu,memory,io}.pressure in a cgroup v2 of that group.
//
// Source: the kernel's Documentation/accounting/psi.rst.

import { ByteScanner, NO_NUMBER } from "./byte-scanner.ts";

const MICROSECONDS = 1_000_000;

/** Stalls of one kind. */
export interface Stall {
  /** Percent of the last 10 s. */
  readonly last10SecondsPercent: number;
  readonly last60SecondsPercent: number;
  readonly last300SecondsPercent: number;
  /** Since boot, or since the cgroup was made. */
  readonly totalSeconds: number;
}

/** Stalls for want of one resource. */
export interface Pressure {
  /** Time in which at least one task waited; the kernel does not tell it for interrupts. */
  readonly some: Stall | undefined;
  /** Time in which all tasks waited; kernels before 5.13 do not tell it for CPU. */
  readonly full: Stall | undefined;
}

/** @returns undefined when there is neither a line "some" nor "full" */
export function parsePressure(bytes: Uint8Array): Pressure | undefined {
  const scanner = new ByteScanner(bytes);
  let some: Stall | undefined;
  let full: Stall | undefined;
  while (!scanner.done) {
    if (scanner.take("some ")) some = readStall(scanner);
    else if (scanner.take("full ")) full = readStall(scanner);
    scanner.nextLine();
  }
  return some === undefined && full === undefined ? undefined : { some, full };
}

function readStall(scanner: ByteScanner): Stall | undefined {
  const last10SecondsPercent = value(scanner, "avg10=");
  const last60SecondsPercent = value(scanner, "avg60=");
  const last300SecondsPercent = value(scanner, "avg300=");
  const total = value(scanner, "total=");
  if (
    last10SecondsPercent === NO_NUMBER ||
    last60SecondsPercent === NO_NUMBER ||
    last300SecondsPercent === NO_NUMBER ||
    total === NO_NUMBER
  ) {
    return undefined;
  }
  return {
    last10SecondsPercent,
    last60SecondsPercent,
    last300SecondsPercent,
    totalSeconds: total / MICROSECONDS,
  };
}

function value(scanner: ByteScanner, name: string): number {
  scanner.skipBlanks();
  return scanner.take(name) ? scanner.decimal() : NO_NUMBER;
}
