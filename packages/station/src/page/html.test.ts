import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { html } from "./html.ts";

test("html`` escapes every value, wherever it stands, and puts its own in as it is", () => {
  const f = (made: { readonly text: string }, want: string) => assert.equal(made.text, want);

  f(html`<b>${"<i>&'\""}</b>`, "<b>&lt;i&gt;&amp;&#39;&quot;</b>");
  f(
    html`<p>${html`<b>${"a<b"}</b>`}${[html`<i></i>`, "<"]}</p>`,
    "<p><b>a&lt;b</b><i></i>&lt;</p>",
  );
  f(html`${0}${false}${undefined}${""}${NaN}`, "0NaN");
  f(html`${"a\u0000\u001b[31mb\u202ec\nd\te"}`, "a\ufffd\ufffd[31mb\ufffdc\nd\te");
  f(html`${"\ud83d \ud83d\ude00"}`, "\ufffd \ud83d\ude00");
  // An object with `text` is no Html: only the template makes it.
  const forged = { text: "<script>" } as unknown as string;
  assert.throws(() => html`${forged}`);
});

test("html`` lets no value end a text or an attribute", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (value) => {
      const { text } = html`<a title="${value}">${value}</a>`;
      assert.match(text, /^<a title="[^"<>]*">[^"<>]*<\/a>$/);
    }),
  );
});

test("html`` cuts a value that is long before it escapes it", () => {
  const { text } = html`${"<".repeat(1_000_000)}`;
  assert.equal(text, `${"&lt;".repeat(4_000)}…`);
});
