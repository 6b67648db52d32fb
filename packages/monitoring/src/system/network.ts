// /proc/net/dev: what went through each network interface of this process' network namespace.
//
//   Inter-|   Receive                                                |  Transmit
//    face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
//     lo: 8056425   37189    0    0    0     0          0         0  8056425   37189    0    0    0     0       0    0
//
// All are counters since the interface came up. In a container they are the container's own interfaces.
// Source: the kernel's Documentation/filesystems/proc.rst, section 1.4.

import type { Bytes } from "@flx/model/write";
import { ByteScanner, NO_NUMBER, textOf } from "./byte-scanner.ts";

/** One direction of an interface. */
export interface NetworkTraffic {
  readonly bytes: Bytes;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
  readonly fifoErrors: number;
}

/** One network interface. */
export interface NetworkInterface {
  readonly name: string;
  readonly receive: NetworkTraffic & {
    readonly frameErrors: number;
    readonly compressedPackets: number;
    readonly multicastPackets: number;
  };
  readonly transmit: NetworkTraffic & {
    readonly collisions: number;
    readonly carrierErrors: number;
    readonly compressedPackets: number;
  };
}

const COLON = 58;
const COLUMNS = 16;

/** @returns undefined when no interface could be read; single malformed lines are left out */
export function parseNetworkDevices(bytes: Uint8Array): readonly NetworkInterface[] | undefined {
  const scanner = new ByteScanner(bytes);
  const columns = new Float64Array(COLUMNS);
  const interfaces: NetworkInterface[] = [];
  scanner.nextLine();
  scanner.nextLine();
  while (!scanner.done) {
    const name = readName(scanner);
    if (name !== undefined && readColumns(scanner, columns)) {
      interfaces.push(interfaceOf(name, columns));
    }
    scanner.nextLine();
  }
  return interfaces.length === 0 ? undefined : interfaces;
}

/** The name before the colon; the first number may follow the colon without a blank. */
function readName(scanner: ByteScanner): string | undefined {
  scanner.skipBlanks();
  const start = scanner.at;
  const lineEnd = scanner.bytes.indexOf(10, start);
  const colon = scanner.bytes.indexOf(COLON, start);
  if (colon === -1 || colon === start || (lineEnd !== -1 && colon > lineEnd)) return undefined;
  scanner.at = colon + 1;
  return textOf(scanner.bytes.subarray(start, colon));
}

function readColumns(scanner: ByteScanner, columns: Float64Array): boolean {
  for (let i = 0; i < COLUMNS; i++) {
    const value = scanner.integer();
    if (value === NO_NUMBER) return false;
    columns[i] = value;
  }
  return true;
}

function interfaceOf(name: string, columns: Float64Array): NetworkInterface {
  const column = (index: number): number => columns[index]!;
  return {
    name,
    receive: {
      bytes: column(0) as Bytes,
      packets: column(1),
      errors: column(2),
      dropped: column(3),
      fifoErrors: column(4),
      frameErrors: column(5),
      compressedPackets: column(6),
      multicastPackets: column(7),
    },
    transmit: {
      bytes: column(8) as Bytes,
      packets: column(9),
      errors: column(10),
      dropped: column(11),
      fifoErrors: column(12),
      collisions: column(13),
      carrierErrors: column(14),
      compressedPackets: column(15),
    },
  };
}
