import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type ContentCoding,
  negotiateCoding,
  type ExposedFormat,
  negotiateFormat,
} from "./negotiation.ts";

const text = "text/plain; version=0.0.4; charset=utf-8";
const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const protobuf =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
const proto = protobuf.replaceAll(" ", "");

test("negotiateFormat() gives Prometheus what it prefers", () => {
  const f = (accept: string | undefined, format: ExposedFormat, contentType: string) => {
    const got = negotiateFormat(accept);
    assert.deepEqual([got.format, got.contentType], [format, contentType], accept);
  };
  const texts =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

  // 2.42, without and with native histograms.
  f(texts, "openmetrics", openMetrics);
  f(`${proto},${texts.replace(",", ";q=0.8,")}`, "protobuf", protobuf);
  // 2.20.
  f(
    "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "openmetrics",
    openMetrics.replace("1.0.0", "0.0.1"),
  );
  // 3, without and with native histograms, and with scrape_protocols: [PrometheusText0.0.4].
  const three =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
  f(three, "openmetrics", `${openMetrics}; escaping=allow-utf-8`);
  f(`${proto};q=0.6,${three}`, "protobuf", protobuf);
  f("text/plain;version=0.0.4;q=0.3,*/*;q=0.2", "text", text);
  f(
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
    "text",
    `${text.replace("0.0.4", "1.0.0")}; escaping=allow-utf-8`,
  );
});

test("negotiateFormat() by weight, then by how much a range says, then text first", () => {
  const f = (accept: string | undefined, format: ExposedFormat) => {
    assert.equal(negotiateFormat(accept).format, format, accept);
  };

  f(undefined, "text");
  f("", "text");
  f("*/*", "text");
  f("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text");
  f("application/json", "text");
  f("text/*;q=0.5, application/*", "openmetrics");
  f("application/*, text/plain;q=0.9", "openmetrics");
  f("application/openmetrics-text, text/plain", "text");
  f("application/openmetrics-text, text/plain;q=0.9", "openmetrics");
  f("*/*;q=0.9, text/plain;q=0.1", "openmetrics");
  f("application/openmetrics-text;q=0, */*", "text");
  f("text/plain;q=0, */*;q=0.5", "openmetrics");
  f("text/plain;q=0", "text");
  f("application/openmetrics-text; version=2.0.0, */*;q=0.1", "text");
  f("application/openmetrics-text; charset=utf-16, */*;q=0.1", "text");
  f('Application/OpenMetrics-Text; Version="1.0.0"; Q=1.0', "openmetrics");
  f('application/openmetrics-text; x="a,b;q=0"', "openmetrics");
  f(protobuf, "protobuf");
  f("application/vnd.google.protobuf", "text");
  f(protobuf.replace("delimited", "text"), "text");
  f(protobuf.replace("client", "server"), "text");
});

test("negotiateFormat() takes the escaping of the range that wins", () => {
  const f = (accept: string, escaping: string) => {
    assert.equal(negotiateFormat(accept).escaping, escaping, accept);
  };

  f("text/plain", "underscores");
  f("text/plain; escaping=underscores", "underscores");
  f("text/plain; escaping=dots", "dots");
  f("text/plain; escaping=values", "values");
  f("text/plain; escaping=allow-utf-8", "allow-utf-8");
  f("text/plain; escaping=rot13", "underscores");
  f("text/plain; q=0.5, application/openmetrics-text; escaping=values", "values");
  f("text/plain, application/openmetrics-text; escaping=values; q=0.5", "underscores");
  f(`${protobuf}; escaping=allow-utf-8`, "allow-utf-8");
});

test("negotiateFormat() and negotiateCoding() overlook what makes no sense", () => {
  const f = (header: string) => {
    assert.equal(negotiateFormat(header).format, "text", header);
    assert.equal(negotiateCoding(header, ["gzip"]), "identity", header);
  };

  f("application/openmetrics-text; q=high");
  f("application/openmetrics-text; q=1.5");
  f("application/openmetrics-text; q=-1");
  f("application/openmetrics-text; q=");
  f(",,;;=");
  f('"');
  f(`application/openmetrics-text;${"x".repeat(4096)}`);
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from('*/,;=q."\\ 01a')), maxLength: 60 }),
      (any) => {
        negotiateFormat(any);
        negotiateCoding(any, ["zstd", "gzip"]);
      },
    ),
    { seed: 4711 },
  );
});

test("negotiateCoding() chooses among what can be made", () => {
  const f = (header: string | undefined, available: ContentCoding[], want: ContentCoding) => {
    assert.equal(negotiateCoding(header, available), want, header);
  };
  const both: ContentCoding[] = ["zstd", "gzip"];

  f("gzip", both, "gzip");
  f("x-gzip", both, "gzip");
  f("gzip, deflate, br, zstd", both, "zstd");
  f("gzip, deflate, br, zstd", ["gzip"], "gzip");
  f("zstd;q=0.5, gzip;q=0.8", both, "gzip");
  f("zstd", ["gzip"], "identity");
  f("*", both, "zstd");
  f("zstd;q=0, *", both, "gzip");
  f("gzip;q=0", both, "identity");
  f("identity", both, "identity");
  f("gzip;q=0.5, identity", both, "identity");
  f("gzip, identity", both, "gzip");
  f("br", both, "identity");
  f("", both, "identity");
  f(undefined, both, "identity");
});
