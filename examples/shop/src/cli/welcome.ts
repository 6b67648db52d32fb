// What `shop up` prints when everything is ready: where to look, what to try, how to stop.

import { relative, resolve } from "node:path";
import { faults } from "../faults/catalogue.ts";
import { defaultDataFolder } from "../settings.ts";
import type { ShopOptions } from "../supervisor/supervisor.ts";
import type { Ports } from "../supervisor/ports.ts";
import { timeText } from "./table.ts";

/** The block of text; `folder` is where the reader's shell is. */
export function welcomeText(options: ShopOptions, ports: Ports, folder: string): string {
  const shop = `http://localhost:${ports.gateway}`;
  const control = `http://localhost:${ports.control}`;
  const here = (path: string): string => {
    const short = relative(folder, path);
    return short.startsWith("..") ? resolve(path) : short || ".";
  };
  const program = here(`${import.meta.dirname}/../../bin/shop`);
  const command = program.includes("/") ? program : `./${program}`;
  const data =
    options.dataFolder === defaultDataFolder ? "" : ` --data ${here(options.dataFolder)}`;
  const order =
    '{"customerId":"cus_0001","card":"4242424242424242","lines":[{"sku":"tea-sencha-100","quantity":2}]}';
  const width = Math.max(...faults.map(({ name }) => name.length));
  return `
The shop is open.

  shop      ${shop}
  control   ${control}
  gRPC      orders localhost:${ports.orders}, payments localhost:${ports.payments} (${options.tls ? "TLS" : "plain text"})
  metrics   ${pathText(ports, "/metrics")}
  health    ${pathText(ports, "/healthz?verbose")}
  data      ${here(options.dataFolder)} (databases, inbox, reports; logs of every process in logs/)
  traffic   ${trafficText(options)}

Look at it
  curl '${shop}/products?country=DE'
  curl ${shop}/orders --json '${order}'
  curl -s http://localhost:${ports["orders-metrics"]}/metrics | grep orders_
  ${command} status${data}

Break it: ${command} fault on NAME${data}, and fault off NAME
${faults.map(({ name, does }) => `  ${name.padEnd(width)}  ${does}`).join("\n")}

Ctrl-C stops everything. Below: warnings, errors, now and then a summary.
`;
}

/** What to ask the station beside the shop, in lines to paste; "" without one. */
export function stationText(url: string | undefined): string {
  if (url === undefined) return "";
  const where = url.endsWith(":3590") ? "" : ` --url ${url}`;
  const flx = `npm run -s flx -- query${where}`;
  return `
The station watches it: ${url}
Open that in a browser: services, traces, errors, logs, and a box for PromQL. Or ask it from here; metrics come twice,
scraped (job="shop") and pushed over OTLP (job="orders", ...):
  ${flx} 'up'
  ${flx} 'sum by (process) (flx_app_info{job="shop"})'
  ${flx} --range 5m 'sum(rate(orders_placed_total{job="shop"}[1m]))'
  ${flx} 'orders_placed_total{job="orders"}'
  ${flx} 'flx_cpu_usage_percent{job="flx"}'
  npm run -s flx -- traces${where}
  npm run -s flx -- graph${where}
  npm run -s flx -- logs${where}
  curl -s '${url}/api/v1/query?query=up'
`;
}

/** The address of a path on each admin port. */
function pathText(ports: Ports, path: string): string {
  const of = (name: "gateway" | "orders" | "payments" | "pipelines"): string =>
    `${name} http://localhost:${ports[`${name}-metrics`]}${path}`;
  return [of("gateway"), of("orders"), of("payments"), of("pipelines")].join("\n            ");
}

function trafficText({ perSecond, dayMs }: ShopOptions): string {
  if (perSecond === 0) return "none: the shop waits for you";
  return `${perSecond} requests a second on average, a day takes ${timeText(dayMs)}`;
}
