// The customers: real HTTP requests to the gateway in the shape of a day that takes a few minutes.

import { http } from "@flx/monitoring/health/plugins";
import { nearby } from "../health/process-health.ts";
import { runProcess } from "../process/run.ts";
import { seededRandom } from "../random.ts";
import { host } from "../settings.ts";
import { formatHour, hourOfDay } from "../shop-clock.ts";
import { nextArrivalMs } from "./arrivals.ts";
import { highestShare, shareAt } from "./day-shape.ts";
import { HttpClient, type Answer } from "./http-client.ts";
import { Tally } from "./tally.ts";
import { nextVisit, type Visit } from "./visits.ts";

const spikeFactor = 10;
const mostInFlight = 64;
const rememberedOrders = 200;
const summaryMs = 30_000;

/** A burst is caught up with at most this many requests at once. */
const mostPerTick = 100;

await runProcess("traffic", async ({ settings, log, faults, health }) => {
  const perSecond = Number(process.env["SHOP_TRAFFIC"] ?? 10);
  const random = seededRandom(Number(process.env["SHOP_SEED"] ?? 1));
  const client = new HttpClient(host, settings.gatewayPort);
  const tally = new Tally();
  const orders: string[] = [];
  const shop = `http://${host}:${settings.gatewayPort}/`;
  health.register("shop", http({ url: shop }), { ...nearby, critical: true });
  const skus = await readSkus(client);
  let inFlight = 0;

  const visit = async (request: Visit): Promise<void> => {
    inFlight += 1;
    try {
      const answer = await client.send(request);
      tally.answer(answer.status, answer.durationMs);
      if (answer.status === 201) remember(orders, answer);
    } catch {
      tally.count("lost");
    } finally {
      inFlight -= 1;
    }
  };

  const factor = (): number => (faults.isOn("traffic-spike") ? spikeFactor : 1);
  const hourAt = (atMs: number): number => hourOfDay(atMs - settings.openedAtMs, settings.dayMs);
  const rateAt = (atMs: number): number => perSecond * factor() * shareAt(hourAt(atMs));
  const after = (atMs: number): number =>
    nextArrivalMs(atMs, rateAt, perSecond * factor() * highestShare, random);

  let nextMs = after(Date.now());
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    for (let sent = 0; nextMs <= Date.now() && sent < mostPerTick; sent += 1) {
      if (inFlight < mostInFlight) void visit(nextVisit(random, { skus, orders }));
      else tally.count("heldBack");
      nextMs = after(nextMs);
    }
    // Behind by more than a burst (the machine slept): start anew from now.
    if (nextMs <= Date.now()) nextMs = after(Date.now());
    timer = setTimeout(tick, nextMs - Date.now());
  };
  tick();

  faults.onChange("traffic-spike", () => {
    clearTimeout(timer);
    nextMs = after(Date.now());
    tick();
  });
  const summary = setInterval(() => {
    const day = formatHour(hourAt(Date.now()));
    log.info("customers came", { shopTime: day, ...tally.take(summaryMs / 1000) });
  }, summaryMs);

  return {
    stop() {
      clearTimeout(timer);
      clearInterval(summary);
      client.close();
    },
  };
});

async function readSkus(client: HttpClient): Promise<string[]> {
  const { text } = await client.send({ method: "GET", path: "/products?country=DE" });
  const { products } = JSON.parse(text) as { products: { sku: string }[] };
  return products.map(({ sku }) => sku);
}

function remember(orders: string[], { text }: Answer): void {
  orders.push((JSON.parse(text) as { id: string }).id);
  if (orders.length > rememberedOrders) orders.shift();
}
