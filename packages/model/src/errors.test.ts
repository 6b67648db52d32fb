import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "./errors.ts";

test("FlxError carries a stable code, a message and the cause", () => {
  const cause = new TypeError("underneath");
  const error = new FlxError("FLX_DURATION", "not a duration", { cause });

  assert.ok(error instanceof Error);
  assert.equal(error.name, "FlxError");
  assert.equal(error.code, "FLX_DURATION");
  assert.equal(error.message, "not a duration");
  assert.equal(error.cause, cause);
  assert.match(String(error), /^FlxError: not a duration$/);
});
