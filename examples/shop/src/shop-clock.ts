// The shop's day, speeded up: 24 hours of a shop pass in a few minutes of ours, and every shop opens at 09:00.
//
//   ours   0 s        60 s       120 s      180 s      240 s
//   shop   09:00      15:00      21:00      03:00      09:00      (a day of 240 s)

/** The hour of the shop's first opening. */
export const openingHour = 9;

/** The shop's time of day in hours, 0 <= hour < 24, `elapsedMs` after opening. */
export function hourOfDay(elapsedMs: number, dayMs: number): number {
  return ((((elapsedMs / dayMs) * 24 + openingHour) % 24) + 24) % 24;
}

/** How long after `elapsedMs` the shop's clock next shows `hour`, in milliseconds, > 0. */
export function untilHour(hour: number, elapsedMs: number, dayMs: number): number {
  const hours = hour - hourOfDay(elapsedMs, dayMs);
  return ((hours > 0 ? hours : hours + 24) / 24) * dayMs;
}

/** An hour as people write it: 14.5 is "14:30". */
export function formatHour(hour: number): string {
  const minutes = Math.floor(hour * 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
