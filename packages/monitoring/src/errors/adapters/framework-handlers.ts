// Error hooks of fastify, express and koa: the error is handled, the request is answered (error-answer.ts).
//
//   fastify.setErrorHandler(fastifyErrors())
//   app.use(expressErrors())                    express: after all routes
//   app.use(koaErrors())                        koa: before all others
//
// Nothing of the frameworks is imported: what is needed of them is said in types that theirs fit.

import { errorAnswer, type ErrorAnswerOptions, type FailedRequest } from "./error-answer.ts";

interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

function failedRequest(request: NodeRequest): FailedRequest {
  const { method, url, headers, socket } = request;
  const { accept } = headers;
  return {
    request,
    method,
    path: url,
    accept: typeof accept === "string" ? accept : undefined,
    remoteAddress: socket.remoteAddress,
  };
}

interface FastifyReply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** For `fastify.setErrorHandler`. */
export function fastifyErrors(
  options: ErrorAnswerOptions = {},
): (error: unknown, request: { readonly raw: NodeRequest }, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const { status, headers, body } = errorAnswer(error, failedRequest(request.raw), options);
    reply.code(status);
    reply.headers({ ...headers });
    reply.send(body);
  };
}

interface ExpressResponse {
  readonly headersSent: boolean;
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** For `app.use`, after all routes. An answer that has begun is left to express, which ends the connection. */
export function expressErrors(
  options: ErrorAnswerOptions = {},
): (
  error: unknown,
  request: NodeRequest,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => void {
  // Express knows a handler of errors by its four parameters.
  return (error, request, response, next) => {
    const { status, headers, body } = errorAnswer(error, failedRequest(request), options);
    if (response.headersSent) {
      next(error);
      return;
    }
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end(body);
  };
}

interface KoaContext {
  readonly req: NodeRequest;
  readonly headerSent: boolean;
  status: number;
  body: unknown;
  set(values: Record<string, string>): unknown;
}

/** For `app.use`, before all others. */
export function koaErrors(
  options: ErrorAnswerOptions = {},
): (context: KoaContext, next: () => Promise<unknown>) => Promise<void> {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      const { status, headers, body } = errorAnswer(error, failedRequest(context.req), options);
      if (context.headerSent) throw error;
      context.status = status;
      context.body = body;
      context.set({ ...headers });
    }
  };
}
