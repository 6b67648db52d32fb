// Errors for tests of the store.

import type { ErrorOccurrence } from "../../src/store/errors/error-store.ts";

/** An error by its number; there are so many groups. */
export function madeOccurrence(number: number, groups: number): ErrorOccurrence {
  const group = number % groups;
  return {
    fingerprint: (group + 0xabc).toString(16).padStart(16, "0"),
    id: undefined,
    timeMs: 1_000 + number,
    service: `service-${number % 2}`,
    release: `1.${number % 3}`,
    environment: "test",
    type: "TypeError",
    message: `number ${group}`,
    stack: "TypeError: no\n    at place (src/orders.ts:7:3)",
    frames: [
      {
        function: "place",
        file: "src/orders.ts",
        line: 7,
        column: 3,
        isOwn: true,
        locals: [{ name: "order", value: "{ id: 7 }" }],
      },
    ],
    traceId: "0123456789abcdef0123456789abcdef",
    spanId: "0123456789abcdef",
    isFatal: false,
    fields: [{ name: "country", value: "DE" }],
  };
}
