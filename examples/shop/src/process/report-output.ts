// Where the reports of errors go: to standard error, and under the supervisor with the name of the process before each line,
// since several processes share its terminal.
//
//   orders │   TypeError: Cannot read properties of undefined (reading 'food')
//   orders │   at taxRate  examples/shop/src/orders/reduced-tax.ts:30:18
//
// Whether there are colours and how wide it may be is a matter of that terminal: SHOP_TERMINAL has its width, "" for none.

import type { ErrorOutput } from "@flx/monitoring/errors";

const BAR = " │ ";

/** Standard error of a process, as the terminal that it is shown on. */
export function reportOutput(service: string, isSupervised: boolean): ErrorOutput {
  if (!isSupervised) return process.stderr;
  const columns = Number(process.env["SHOP_TERMINAL"] ?? "");
  return {
    isTTY: columns > 0,
    ...(columns > 0 && { columns: Math.max(40, columns - service.length - BAR.length) }),
    write: (text) => process.stderr.write(prefixed(service, text)),
  };
}

function prefixed(service: string, text: string): string {
  const lines = text.replace(/\n$/, "").split("\n");
  return lines.map((line) => `${service}${BAR}${line}\n`).join("");
}

/** What a line of a report says; undefined for other lines. */
export function reportText(line: string): string | undefined {
  return /^[a-z]+ │ (.*)$/.exec(line)?.[1];
}
