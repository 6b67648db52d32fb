// The HTTP API of the shop: checks what comes in, asks orders over gRPC, answers JSON.
//
//   GET  /products?country=DE            the catalogue with local prices
//   POST /orders                         place an order (header idempotency-key: repeat safely)
//   GET  /orders/:id                     one order
//   GET  /orders?search=assam            find orders by customer, country or product
//   GET  /customers/:id/orders?limit=20  the latest orders of a customer
//   POST /orders/:id/refund              give the money back

import fastify, { type FastifyInstance } from "fastify";
import { randomUUID } from "node:crypto";
import type { Log } from "../log.ts";
import type { OrdersClient } from "../orders/messages.ts";
import type { Service } from "../service.ts";
import { traceRequests } from "../tracing/http.ts";
import { isFromGrpc, problemOf } from "./errors.ts";
import * as schemas from "./schemas.ts";

/** Builds the API; it does not listen yet. */
export function buildApp(service: Service, orders: OrdersClient, log: Log): FastifyInstance {
  const app = fastify({ genReqId: () => randomUUID(), requestIdHeader: "x-request-id" });
  traceRequests(app);
  logRequests(app, log);
  answerErrors(app, log);

  app.get("/", () => ({
    ...service,
    try: ["/products?country=DE", "/customers/cus_0001/orders", "/orders?search=assam"],
  }));
  browsing(app, orders);
  ordering(app, orders);
  return app;
}

function browsing(app: FastifyInstance, orders: OrdersClient): void {
  app.get<{ Querystring: schemas.ProductsQuery }>(
    "/products",
    { schema: { querystring: schemas.productsQuery } },
    ({ id: requestId, query }) => orders.listProducts({ country: query.country }, { requestId }),
  );
  app.get<{ Params: { id: string }; Querystring: schemas.LimitQuery }>(
    "/customers/:id/orders",
    { schema: { querystring: schemas.limitQuery } },
    ({ id: requestId, params, query }) =>
      orders.listCustomerOrders({ customerId: params.id, limit: query.limit }, { requestId }),
  );
  app.get<{ Querystring: schemas.SearchQuery }>(
    "/orders",
    { schema: { querystring: schemas.searchQuery } },
    ({ id: requestId, query }) =>
      orders.searchOrders({ text: query.search, limit: query.limit }, { requestId }),
  );
  app.get<{ Params: { id: string } }>("/orders/:id", ({ id: requestId, params }) =>
    orders.getOrder({ id: params.id }, { requestId }),
  );
}

function ordering(app: FastifyInstance, orders: OrdersClient): void {
  app.post<{ Body: schemas.PlaceOrderBody; Headers: { "idempotency-key"?: string } }>(
    "/orders",
    { schema: { body: schemas.placeOrderBody } },
    async ({ id: requestId, body, headers }, reply) => {
      const request = {
        customerId: body.customerId,
        country: body.country ?? "",
        cardNumber: body.card,
        idempotencyKey: headers["idempotency-key"] ?? randomUUID(),
        lines: body.lines,
      };
      const order = await orders.placeOrder(request, { requestId });
      return reply.code(201).header("location", `/orders/${order.id}`).send(order);
    },
  );
  app.post<{ Params: { id: string }; Body: schemas.RefundBody }>(
    "/orders/:id/refund",
    { schema: { body: schemas.refundBody } },
    ({ id: requestId, params, body }) =>
      orders.refundOrder({ id: params.id, reason: body.reason }, { requestId }),
  );
}

function logRequests(app: FastifyInstance, log: Log): void {
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, id } = request;
    const route = request.routeOptions.url ?? "unknown";
    const ms = Math.round(reply.elapsedTime);
    log.info("request", { method, route, status: reply.statusCode, ms, request: id });
  });
}

function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, code, message } = problemOf(error);
    const { method, url, id: requestId } = request;
    if (status >= 500) {
      const fields = { method, url, status, code, request: requestId };
      // What another process has answered is reported there.
      if (isFromGrpc(error)) log.error("request failed", { ...fields, because: error.message });
      else log.error("request failed", fields, error);
    }
    return reply.code(status).send({ error: { code, message, requestId } });
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `there is no ${request.method} ${request.url}`;
    return reply.code(404).send({ error: { code: "not_found", message, requestId: request.id } });
  });
}
