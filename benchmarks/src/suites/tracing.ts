// Tracing: what a span costs that nobody records, one that is recorded, and one that is sent, beside OpenTelemetry JS and dd-trace.
//
//   unsampled   a sampler that keeps nothing: most spans of a busy service
//   recorded    begun, ended and handed over; OpenTelemetry's exporter does nothing with them, ours are encoded and sent
//   over OTLP   bursts with turns of the event loop between, flushed at the end: CPU of the main thread, and of the whole process
//
// Peers are set up as their manuals have it (tracing-peers.ts).

import { trace } from "@flx/monitoring/tracing";
import type { Span } from "@opentelemetry/api";
import { contender, suite, type Suite } from "../harness/suite.ts";
import {
  type DatadogTracer,
  datadogTracer,
  type Fate,
  otelTracer,
  ourTracer,
  type TracerUnderTest,
} from "./tracing-peers.ts";

const OTEL = "@opentelemetry/sdk-trace";
const DATADOG = "dd-trace";

interface Spans extends TracerUnderTest {
  ended: number;
}

async function spans(peer: (fate: Fate) => Promise<TracerUnderTest>, fate: Fate): Promise<Spans> {
  return { ...(await peer(fate)), ended: 0 };
}

const before = async (state: Spans): Promise<void> => {
  await state.use();
};
const check = ({ ended }: { ended: number }): unknown => ended;

/** A span begun and ended. */
const spanOp = (state: Spans): void => {
  state.tracer.startSpan("work").end();
  state.ended++;
};

/** A function as a span by hand, as the manual has it. */
const activeOp = (state: Spans, i: number): number =>
  state.tracer.startActiveSpan("work", (span: Span) => {
    try {
      state.ended++;
      return i + 1;
    } finally {
      span.end();
    }
  });

interface Wrapped extends Spans {
  readonly work: (i: number) => number;
}

async function wrapped(fate: Fate): Promise<Wrapped> {
  const state = { ...(await spans(ourTracer, fate)), work: (i: number) => i };
  state.work = trace("work", (i: number) => {
    state.ended++;
    return i + 1;
  });
  return state;
}

const wrapper = (fate: Fate) =>
  contender({
    name: "ours",
    setup: () => wrapped(fate),
    before,
    op: (state: Wrapped, i: number): number => state.work(i),
    check,
  });

const byHand = (fate: Fate) =>
  contender({
    name: OTEL,
    package: OTEL,
    setup: () => spans(otelTracer, fate),
    before,
    op: activeOp,
    check,
  });

const plain = contender({
  name: "a plain call",
  setup: () => {
    const state = { ended: 0, work: (i: number) => i };
    state.work = (i: number) => {
      state.ended++;
      return i + 1;
    };
    return state;
  },
  op: (state: { ended: number; work(i: number): number }, i: number): number => state.work(i),
  check,
});

const spanPair = (fate: Fate) => [
  contender({ name: "ours", setup: () => spans(ourTracer, fate), before, op: spanOp, check }),
  contender({
    name: OTEL,
    package: OTEL,
    setup: () => spans(otelTracer, fate),
    before,
    op: spanOp,
    check,
  }),
];

/** 20 bursts of 250 spans, turns of the event loop between; then everything is sent. */
const spansOp = async (state: Spans): Promise<void> => {
  for (let burst = 0; burst < 20; burst++) {
    for (let i = 0; i < 250; i++) {
      state.tracer.startSpan("work").end();
      state.ended++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await state.flush();
};

/** The same with five attributes each, as of an HTTP request. */
const richOp = async (state: Spans): Promise<void> => {
  for (let burst = 0; burst < 20; burst++) {
    for (let i = 0; i < 250; i++) {
      const span = state.tracer.startSpan("GET /orders/:id", { kind: 1 });
      span.setAttribute("http.request.method", "GET");
      span.setAttribute("http.route", "/orders/:id");
      span.setAttribute("http.response.status_code", 200);
      span.setAttribute("url.path", "/orders/4711");
      span.setAttribute("server.port", 8080);
      span.end();
      state.ended++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await state.flush();
};

interface Datadog {
  readonly tracer: DatadogTracer;
  ended: number;
}

const datadogSpansOp = async (state: Datadog): Promise<void> => {
  for (let burst = 0; burst < 20; burst++) {
    for (let i = 0; i < 250; i++) {
      state.tracer.startSpan("work").finish();
      state.ended++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const datadogRichOp = async (state: Datadog): Promise<void> => {
  for (let burst = 0; burst < 20; burst++) {
    for (let i = 0; i < 250; i++) {
      const span = state.tracer.startSpan("GET /orders/:id");
      span.setTag("http.request.method", "GET");
      span.setTag("http.route", "/orders/:id");
      span.setTag("http.response.status_code", 200);
      span.setTag("url.path", "/orders/4711");
      span.setTag("server.port", 8080);
      span.finish();
      state.ended++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const datadog = (op: (state: Datadog) => Promise<void>) =>
  contender({
    name: DATADOG,
    package: DATADOG,
    setup: async (): Promise<Datadog> => ({ tracer: await datadogTracer(), ended: 0 }),
    op,
    check,
  });

const bursts = (fate: Fate, op: (state: Spans) => Promise<void>) => [
  contender({ name: "ours", setup: () => spans(ourTracer, fate), before, op, check }),
  contender({ name: OTEL, package: OTEL, setup: () => spans(otelTracer, fate), before, op, check }),
];

export const tracing: Suite = suite("tracing", {
  title: "Spans: unsampled, recorded, sent",
  cases: [
    {
      name: "span, unsampled",
      kind: "loop",
      contenders: spanPair("unsampled"),
      budgets: [{ against: OTEL, atLeast: 20 }],
    },
    {
      name: "function as a span, unsampled",
      kind: "loop",
      contenders: [wrapper("unsampled"), byHand("unsampled"), plain],
      budgets: [
        { against: OTEL, atLeast: 20 },
        { against: "a plain call", atLeast: 1 / 3 },
      ],
    },
    {
      name: "5,000 spans, recorded, main thread",
      kind: "long",
      async: true,
      figure: "thread CPU",
      contenders: [...bursts("to nobody", spansOp), datadog(datadogSpansOp)],
      budgets: [{ against: OTEL, atLeast: 5 }],
    },
    {
      name: "garbage of a recorded span",
      kind: "loop",
      contenders: spanPair("to nobody"),
      budgets: [{ garbageAtMost: 1024 }],
    },
    {
      name: "function as a span, recorded",
      kind: "loop",
      contenders: [wrapper("to nobody"), byHand("to nobody")],
    },
    {
      name: "5,000 spans with 5 attributes over OTLP/HTTP, main thread",
      kind: "long",
      async: true,
      figure: "thread CPU",
      contenders: [...bursts("over OTLP", richOp), datadog(datadogRichOp)],
      budgets: [{ against: OTEL, atLeast: 5 }],
    },
    {
      name: "5,000 spans with 5 attributes over OTLP/HTTP, whole process",
      kind: "long",
      async: true,
      figure: "process CPU",
      contenders: [...bursts("over OTLP", richOp), datadog(datadogRichOp)],
      budgets: [{ against: OTEL, atLeast: 1 / 0.3 }],
    },
  ],
});
