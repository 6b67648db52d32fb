// Spans, logs, errors and metrics whose every text tries to become markup, for tests of the pages.

import { setTimeout as sleep } from "node:timers/promises";

/** Ends any text, attribute and element that it may stand in, and would run. */
export const HOSTILE = `x"'></title></textarea></style></script><script>document.title="pwned"</script><img src=x onerror="document.title='pwned'"><svg onload=alert(1)>&lt;\u202e\u001b[31m`;

/** The part of it that every page shows as it is: quotes of label values are written with a backslash. */
export const SHOWN = "</script><script>document.title=";

const text = (value: string) => ({ stringValue: value });
const resource = {
  attributes: [
    { key: "service.name", value: text(HOSTILE) },
    { key: "service.version", value: text(HOSTILE) },
    { key: HOSTILE, value: text(HOSTILE) },
  ],
};
const scope = { name: HOSTILE, version: HOSTILE };
const attributes = [
  { key: HOSTILE, value: text(HOSTILE) },
  { key: "__proto__", value: text(HOSTILE) },
];

export const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";

/** A trace of two spans; in OTLP's JSON. */
export function hostileTraces(nowMs: number): object {
  const at = (ms: number) => `${nowMs - 5_000 + ms}000000`;
  const span = {
    traceId: TRACE_ID,
    name: HOSTILE,
    kind: 2,
    startTimeUnixNano: at(0),
    endTimeUnixNano: at(900),
    attributes,
    events: [{ name: HOSTILE, timeUnixNano: at(5), attributes }],
    links: [{ traceId: TRACE_ID, spanId: SPAN_ID, attributes }],
    status: { code: 2, message: HOSTILE },
  };
  const spans = [
    { ...span, spanId: SPAN_ID },
    { ...span, spanId: "00f067aa0ba902b7", parentSpanId: SPAN_ID, endTimeUnixNano: at(400) },
  ];
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] };
}

/** A log record, and an exception. */
export function hostileLogs(nowMs: number): object {
  const record = {
    timeUnixNano: `${nowMs - 4_000}000000`,
    severityNumber: 17,
    severityText: HOSTILE,
    body: text(HOSTILE),
    attributes,
    traceId: TRACE_ID,
    spanId: SPAN_ID,
  };
  const exception = {
    ...record,
    eventName: HOSTILE,
    attributes: [
      ...attributes,
      { key: "exception.type", value: text(HOSTILE) },
      { key: "exception.message", value: text(HOSTILE) },
      {
        key: "exception.stacktrace",
        value: text(`Error: ${HOSTILE}\n    at ${HOSTILE} (/srv/${HOSTILE}.ts:1:2)\n`),
      },
    ],
  };
  return {
    resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: [record, exception] }] }],
  };
}

/** A counter with a hostile label. */
export function hostileMetrics(nowMs: number): object {
  const point = {
    timeUnixNano: `${nowMs - 1_000}000000`,
    startTimeUnixNano: `${nowMs - 60_000}000000`,
    asDouble: 7,
    attributes: [{ key: "path", value: text(HOSTILE) }],
  };
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] };
  const metrics = [{ name: "hostile_total", description: HOSTILE, unit: "1", sum }];
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] };
}

/** Sends all of them to a station. */
export async function sendHostile(otlpHttp: string): Promise<void> {
  const nowMs = Date.now();
  for (const [path, body] of [
    ["traces", hostileTraces(nowMs)],
    ["logs", hostileLogs(nowMs)],
    ["metrics", hostileMetrics(nowMs)],
  ] as const) {
    await postJson(`${otlpHttp}/v1/${path}`, body);
  }
}

/** Posts JSON, which must be taken: again after a second while the station says that more waits than it may hold. */
export async function postJson(url: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const sent = JSON.stringify(body);
  for (let trials = 60; ; trials -= 1) {
    const response = await fetch(url, { method: "POST", headers, body: sent });
    const said = await response.text();
    if (response.ok) return;
    if (response.status !== 429 || trials === 1) throw new Error(`${response.status} ${said}`);
    await sleep(1_000);
  }
}
