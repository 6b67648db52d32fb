import assert from "node:assert/strict";
import { test } from "node:test";
import { RichErrorHandler } from "../index.ts";

const handler = new RichErrorHandler();

test("renderHtml() opens the first frame of an error and of each cause", () => {
  const inner = new RangeError("inside");
  const html = handler.toHtml(
    new Error("outside", { cause: new Error("between", { cause: inner }) }),
  );
  assert.equal(html.match(/<details open>/g)?.length, 3);
  const several = handler.toHtml(new AggregateError([new Error("a"), new Error("b")]));
  assert.equal(several.match(/<details open>/g)?.length, 1);
});

test("renderHtml() begins a long failing line before what failed, and loses nothing of what is marked", () => {
  // oxfmt-ignore
  const error = [["a text that is rather long", "another text that is long as well", "and a third one, so that it is", new Error("at the end")]].flat().at(-1);
  const html = handler.toHtml(error);
  const failing = /<span class="line failing"><i>\d+<\/i>(.*)\n/.exec(html)![1]!;
  const text = failing.replaceAll(/<[^>]*>/g, "");
  assert.match(
    text,
    /^…ell&quot;, &quot;and a third one, so that it is&quot;, new Error\(&quot;at the end&quot;\)\]\]\.flat\(\)\.at\(-1\);$/,
  );
  assert.match(failing, /<mark>.*new.*Error.*at the end.*<\/mark>/);
});

test("renderHtml() lets nothing of an error become markup", () => {
  const evil = `</title></style><script>alert(1)</script><img src=x onerror="alert(1)">'"&`;
  const error = Object.assign(new Error(evil, { cause: new Error(evil) }), {
    name: evil,
    code: evil,
    help: evil,
    docs: `javascript:alert(1)//${evil}`,
    notes: [evil],
    [evil]: evil,
  });
  const html = handler.errorContext(evil, { reRaise: true, [evil]: evil }, () =>
    handler.toHtml(error),
  );
  assert.doesNotMatch(html, /<script|<img|onerror="|href="javascript/);
  assert.equal(html.match(/<title>/g)?.length, 1);
  assert.equal(html.match(/<\/style>/g)?.length, 1);
});
