// A service for tests of its end. It tells its port on its first line, then what happens.
//
//   GET /slow?ms=200     answers after that time
//   GET /fast            answers at once
//   upgrade              is taken over, and never let go

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gracefulShutdown, HealthChecker, healthHandler } from "../src/health/index.ts";
import type { ExitMode } from "../src/health/index.ts";

const [exit = "signal", delayMs = "300", drainTimeoutMs = "5000"] = process.argv.slice(2);
const say = (text: string) => process.stdout.write(`${text}\n`);

const health = new HealthChecker();
health.register("loop", () => true, { kind: "liveness" });
health.register("db", () => true, { critical: true });
const probes = healthHandler({ health });

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/slow") {
    say("slow begins");
    setTimeout(() => response.end("slow"), Number(url.searchParams.get("ms")));
  } else if (url.pathname === "/fast") response.end("fast");
  else probes(request, response);
});
server.on("upgrade", (_request, socket) => {
  socket.on("error", () => {});
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
});

gracefulShutdown({
  health,
  servers: [server],
  delayMs: Number(delayMs),
  drainTimeoutMs: Number(drainTimeoutMs),
  exit: exit as ExitMode,
  hooks: [{ name: "pool", close: () => say("pool closed") }],
  onStep: ({ name, outcome }) => say(`${name} ${outcome}`),
});
// What keeps processes alive that nobody has closed.
setInterval(() => {}, 60_000);

await health.check();
server.listen(0, "127.0.0.1", () => say(String((server.address() as AddressInfo).port)));
