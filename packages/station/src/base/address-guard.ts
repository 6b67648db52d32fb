// Addresses that are never asked, whatever a target or a discovery says: metadata services of clouds and other
// link-local ones, unspecified and multicast.
//
//   name ── DNS ── every address checked ── connect to the checked one
//
// The check stands in the lookup of the connection itself, so a name that resolves differently the second time gains
// nothing. IPv4 inside IPv6 is unwrapped.

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { FlxError } from "@flx/model";

const refused = new BlockList();
refused.addSubnet("169.254.0.0", 16, "ipv4");
refused.addSubnet("0.0.0.0", 8, "ipv4");
refused.addSubnet("224.0.0.0", 4, "ipv4");
refused.addAddress("100.100.100.200", "ipv4");
refused.addAddress("255.255.255.255", "ipv4");
refused.addSubnet("fe80::", 10, "ipv6");
refused.addSubnet("ff00::", 8, "ipv6");
refused.addAddress("::", "ipv6");
refused.addAddress("fd00:ec2::254", "ipv6");

/** Whether an address is never asked. */
export function isRefusedAddress(address: string): boolean {
  const bare = address.split("%", 1)[0]!;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (mapped !== undefined) return refused.check(mapped, "ipv4");
  const family = isIP(bare);
  if (family === 0) return true;
  // BlockList knows IPv4 in IPv6 in hexadecimal form, too.
  return refused.check(bare, family === 4 ? "ipv4" : "ipv6");
}

/** @throws {FlxError} `FLX_SCRAPE_ADDRESS` */
export function checkAddress(host: string, address: string): void {
  if (!isRefusedAddress(address)) return;
  throw new FlxError("FLX_SCRAPE_ADDRESS", `${host} is ${address}, which is not asked`);
}

/** A lookup for `http.request` that gives no refused address. */
export const guardedLookup: LookupFunction = (host, options: LookupOptions, callback): void => {
  dnsLookup(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error !== null) {
      callback(error, "", 0);
      return;
    }
    try {
      for (const { address } of addresses) checkAddress(host, address);
    } catch (refusal) {
      callback(refusal as NodeJS.ErrnoException, "", 0);
      return;
    }
    const [first] = addresses;
    if (options.all === true) (callback as (e: null, a: LookupAddress[]) => void)(null, addresses);
    else callback(null, first!.address, first!.family);
  });
};
