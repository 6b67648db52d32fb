// /proc/self/limits: how many descriptors this process may have open.
//
//   Max open files            20000                20000                files          soft limit, hard limit
//
// Node raises the soft limit to the hard one when it starts. Source: proc_pid_limits(5).

import { ByteScanner, NO_NUMBER } from "./byte-scanner.ts";

/** Limits of this process; Infinity is "unlimited". */
export interface ProcSelfLimits {
  readonly maxDescriptors: number;
}

/** @returns undefined when the line is missing or malformed */
export function parseProcSelfLimits(bytes: Uint8Array): ProcSelfLimits | undefined {
  const scanner = new ByteScanner(bytes);
  while (!scanner.done) {
    if (scanner.take("Max open files")) {
      scanner.skipBlanks();
      if (scanner.take("unlimited")) return { maxDescriptors: Infinity };
      const maxDescriptors = scanner.integer();
      return maxDescriptors === NO_NUMBER ? undefined : { maxDescriptors };
    }
    scanner.nextLine();
  }
  return undefined;
}
