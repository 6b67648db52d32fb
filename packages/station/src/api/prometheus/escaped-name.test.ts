import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeLabelName } from "@flx/model";
import { unescapedName } from "./escaped-name.ts";

test("unescapedName() gives back what was escaped, and leaves the rest", () => {
  const f = (given: string, want: string) => assert.equal(unescapedName(given), want);

  f("job", "job");
  f("U__http_2e_method", "http.method");
  f("U__a__b", "a_b");
  f("U___1f600_", "\u{1F600}");
  f("U__broken_2e", "U__broken_2e");
  f("U___d800_", "U___d800_");
  f("U__", "");
  for (const name of ["http.method", "a b", "ä_ö", "__x__", "\u{1F600}"]) {
    f(escapeLabelName(name, "values"), name);
  }
});
