// The series that the suite of `flx up` writes.

/** Between two samples of a series. */
export const STEP_MS = 15_000;

/** Label set number `i`. */
export function labelsOfSeries(i: number): Readonly<Record<string, string>> {
  return {
    __name__: "room_temperature_ratio",
    instance: `host-${i % 100}:9100`,
    job: `job-${i % 10}`,
    room: `${Math.floor(i / 100)}`,
  };
}
