// By what one client is told from another when nobody is known: its IPv4 address, or its IPv6 network. Who has one IPv6
// address has the 2^64 beside it, so they count as one.

import { isIPv6 } from "node:net";
import { plainAddress } from "./caller.ts";

/** The key of a client. */
export function clientNetwork(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("%", 1)[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => "0");
  return [...groups, ...(tail === undefined ? [] : zeros), ...after].slice(0, 4).join(":");
}
