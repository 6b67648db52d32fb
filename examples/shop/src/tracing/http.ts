// A span for each HTTP request of a fastify server, under the caller's span, active in the handlers.
//
//   onRequest    the caller's context is read from the headers, the span begins
//   preHandler   what follows runs in the span's context; not earlier, since reading a body loses it
//   onResponse   status, end

import {
  context,
  type Context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import type { FastifyInstance, FastifyRequest } from "fastify";

/** Makes a span of each request. */
export function traceRequests(app: FastifyInstance): void {
  const tracer = trace.getTracer("shop/http");
  const contexts = new WeakMap<FastifyRequest, Context>();
  app.addHook("onRequest", (request, _reply, done) => {
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const route = request.routeOptions.url ?? "unknown";
    const attributes = {
      "http.request.method": request.method,
      "http.route": route,
      "url.path": request.url.split("?", 1)[0],
    };
    const span = tracer.startSpan(
      `${request.method} ${route}`,
      { kind: SpanKind.SERVER, attributes },
      caller,
    );
    contexts.set(request, trace.setSpan(caller, span));
    done();
  });
  app.addHook("preHandler", (request, _reply, done) => {
    context.with(contexts.get(request) ?? context.active(), done);
  });
  app.addHook("onResponse", (request, reply, done) => {
    const span = trace.getSpan(contexts.get(request) ?? ROOT_CONTEXT);
    span?.setAttribute("http.response.status_code", reply.statusCode);
    if (reply.statusCode >= 500) span?.setStatus({ code: 2, message: `${reply.statusCode}` });
    span?.end();
    done();
  });
}
