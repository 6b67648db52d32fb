import assert from "node:assert/strict";
import { test } from "node:test";
import { clientNetwork } from "./client-network.ts";

test("clientNetwork() is an IPv4 address, or the first half of an IPv6 address", () => {
  const f = (address: string, want: string) => assert.equal(clientNetwork(address), want);

  f("10.0.0.7", "10.0.0.7");
  f("::ffff:10.0.0.7", "10.0.0.7");
  f("::1", "0:0:0:0");
  f("2001:db8::1", "2001:db8:0:0");
  f("2001:db8:1:2:3:4:5:6", "2001:db8:1:2");
  f("2001:db8:1:2::", "2001:db8:1:2");
  f("fe80::1%eth0", "fe80:0:0:0");
  f("", "");
});
