// Times, lengths of time and numbers for people.

/** Nanoseconds with three digits that count: "1.23 s", "12.3 ms", "456 µs". */
export function durationText(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${digits(ns / 1e3)} µs`;
  if (ns < 1e9) return `${digits(ns / 1e6)} ms`;
  if (ns < 120e9) return `${digits(ns / 1e9)} s`;
  const minutes = ns / 60e9;
  return minutes < 120 ? `${digits(minutes)} min` : `${digits(minutes / 60)} h`;
}

function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Nanoseconds since 1970, as the API writes them, to the millisecond. */
export function timeText(ns: string): string {
  return msText(Number(BigInt(ns) / 1_000_000n));
}

/** Unix milliseconds as a time; what is no time as a number. */
export function msText(ms: number): string {
  if (!(Math.abs(ms) <= 8.64e15)) return String(ms);
  return new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}

/** A whole number with thousands apart. */
export function countText(count: number): string {
  return count.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** A rate with three digits that count. */
export function rateText(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond >= 100) return countText(perSecond);
  return String(Number(perSecond.toPrecision(3)));
}

/** A share of one as percent. */
export function percentText(share: number): string {
  if (share === 0) return "0 %";
  const percent = share * 100;
  return percent < 0.01 ? "< 0.01 %" : `${Number(percent.toPrecision(3))} %`;
}
