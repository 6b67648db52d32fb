// A test that needs a real server: runs with it, or says loudly that it did not run.
//
//                     installed      missing
//   on a desk         runs           skipped, the message names the install command
//   CI=true           runs           fails: a green run must mean that it was compared

import type { TestContext } from "node:test";
import { TestkitError } from "./errors.ts";
import { packageOf, peer, type Peer, type PeerName } from "./peers.ts";

/** The part of a test's context that is needed. */
export type Skippable = Pick<TestContext, "skip">;

/**
 * The installed peer, or undefined after having marked the test as skipped; then return from the test.
 *
 * @throws {TestkitError} `TESTKIT_PEER_MISSING` when it is missing and the environment says `CI=true`
 * @example
 *   const promtool = requirePeer(t, "promtool");
 *   if (promtool === undefined) return;
 */
export function requirePeer(
  t: Skippable,
  name: PeerName,
  { find = peer, env = process.env }: { find?: typeof peer; env?: NodeJS.ProcessEnv } = {},
): Peer | undefined {
  const found = find(name);
  if (found !== undefined) return found;
  const message = `${name} is not installed: npm run conformance:install (${packageOf(name)})`;
  if (isCi(env)) throw new TestkitError("TESTKIT_PEER_MISSING", message);
  t.skip(message);
  return undefined;
}

function isCi(env: NodeJS.ProcessEnv): boolean {
  const value = env["CI"];
  return value === "true" || value === "1";
}
