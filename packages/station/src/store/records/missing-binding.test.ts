import assert from "node:assert/strict";
import { test } from "node:test";
import { missingBinding } from "./missing-binding.ts";

test("missingBinding() knows how Node says that DuckDB's native part is not there", () => {
  const f = (message: string, want: boolean) => {
    const found = missingBinding(new Error(message));
    assert.equal(found?.code, want ? "FLX_STORE_BINDING" : undefined, message);
    if (want) assert.match(found!.message, /install again without --omit=optional/);
  };

  f("Cannot find module '@duckdb/node-bindings-linux-x64/duckdb.node'\nRequire stack:\n- /x", true);
  f("/lib/libc.so.6: version `GLIBC_2.34' not found (required by /x/duckdb.node)", true);
  f("Error loading duckdb native binding: unsupported arch 'riscv64' for platform 'linux'", true);
  f("Cannot find module 'yaml'", false);
  f("IO Error: cannot open file", false);
  assert.equal(missingBinding(undefined), undefined);
});
