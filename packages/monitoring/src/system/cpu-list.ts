// A list of CPUs as the kernel writes it: "0-3,7" are five. Found in cpuset.cpus.effective, Cpus_allowed_list.
// Source: the kernel's cpuset(7), "List format".

import { ByteScanner, NO_NUMBER } from "./byte-scanner.ts";

/** No machine has more; a larger number is a damaged file. */
const MAX_CPUS = 1_048_576;

/**
 * How many CPUs a list names.
 *
 * @returns undefined when it is empty or malformed
 * @example countCpuList(new TextEncoder().encode("0-3,7")) // 5
 */
export function countCpuList(bytes: Uint8Array): number | undefined {
  const scanner = new ByteScanner(bytes);
  let count = 0;
  do {
    const first = scanner.integer();
    const last = scanner.take("-") ? scanner.integer() : first;
    if (first === NO_NUMBER || last < first || last > MAX_CPUS) return undefined;
    count += last - first + 1;
  } while (scanner.take(","));
  scanner.take("\n");
  return scanner.done && count <= MAX_CPUS ? count : undefined;
}
