import assert from "node:assert/strict";
import { test } from "node:test";
import {
  expositionFormat,
  OPENMETRICS_CONTENT_TYPE,
  OPENMETRICS_UTF8_CONTENT_TYPE,
  TEXT_CONTENT_TYPE,
  TEXT_UTF8_CONTENT_TYPE,
} from "./format.ts";

test("expositionFormat() knows the formats by their content types", () => {
  const f = (contentType: string | undefined, want: string | undefined) => {
    assert.equal(expositionFormat(contentType), want, contentType);
  };

  f(TEXT_CONTENT_TYPE, "text");
  f(TEXT_UTF8_CONTENT_TYPE, "text");
  f(OPENMETRICS_CONTENT_TYPE, "openmetrics");
  f(OPENMETRICS_UTF8_CONTENT_TYPE, "openmetrics");
  f("text/plain", "text");
  f("text/plain;version=0.0.4", "text");
  f('Text/Plain ; Version="0.0.4" ; charset=UTF-8', "text");
  f("application/openmetrics-text", "openmetrics");
  f("application/openmetrics-text; version=0.0.1; charset=utf-8", "openmetrics");
  f("text/plain; version=0.0.5", undefined);
  f("text/plain; charset=iso-8859-1", undefined);
  f("application/openmetrics-text; version=2.0.0", undefined);
  f("text/html", undefined);
  f("application/vnd.google.protobuf", undefined);
  f("", undefined);
  f(undefined, undefined);
});

test("the content types say allow-utf-8 as Prometheus does", () => {
  for (const type of [TEXT_UTF8_CONTENT_TYPE, OPENMETRICS_UTF8_CONTENT_TYPE]) {
    assert.ok(type.endsWith("; escaping=allow-utf-8"), type);
  }
});
