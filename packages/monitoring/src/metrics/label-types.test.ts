// What must not compile. `@ts-expect-error` fails the type check when the line below it compiles after all, so `npm run
// check` is the test; running the file proves that what the types refuse is refused at run time, too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model/write";
import { Counter } from "./counter.ts";
import { Gauge } from "./gauge.ts";
import { Histogram } from "./histogram.ts";
import type {
  DeclaredValues,
  LabelsOf,
  OptionalValueArguments,
  ValueArguments,
} from "./label-types.ts";
import { Registry } from "./registry.ts";
import { Summary } from "./summary.ts";

const registers = [new Registry({ misuse: "throw" })];
const plain = new Counter({ name: "plain_total", help: "h", registers });
const labelled = new Counter({
  name: "labelled_total",
  help: "h",
  labelNames: ["method", "status"],
  registers,
});
const listed = new Counter({
  name: "listed_total",
  help: "h",
  labelNames: ["method", "status"],
  labelValues: { method: ["GET", "PUT"] },
  registers,
});

/** The call is refused when it is made. */
function refused(call: () => unknown): void {
  assert.throws(call, (error) => error instanceof FlxError && error.code === "FLX_METRIC_LABELS");
}

test("Counter.inc() compiles with the declared labels only", () => {
  labelled.inc({ method: "GET", status: 200 });
  labelled.inc({ status: "200", method: "GET" }, 2);
  listed.inc({ method: "PUT", status: 200n });
  plain.inc();
  plain.inc(2);

  // @ts-expect-error status is missing
  refused(() => labelled.inc({ method: "GET" }));
  // @ts-expect-error path is not declared
  refused(() => labelled.inc({ method: "GET", status: 200, path: "/" }));
  // @ts-expect-error an object is no label value
  refused(() => labelled.inc({ method: "GET", status: {} }));
  // @ts-expect-error undefined is no label value
  refused(() => labelled.inc({ method: "GET", status: undefined }));
  // @ts-expect-error POST is not in the list
  refused(() => listed.inc({ method: "POST", status: 200 }));
  // @ts-expect-error labels are missing
  refused(() => labelled.inc());
  // @ts-expect-error labels are missing
  refused(() => labelled.inc(2));
  // @ts-expect-error there are no labels
  refused(() => plain.inc({ method: "GET" }));
});

test("Counter.labels() compiles with a labels object, or one value a label", () => {
  labelled.labels("GET", 200).inc();
  labelled.labels({ method: "GET", status: 200 }).inc();
  listed.labels("GET", "anything").inc();
  plain.labels().inc();
  plain.labels({}).inc();

  // @ts-expect-error one value is missing
  refused(() => labelled.labels("GET"));
  // @ts-expect-error one value too many
  refused(() => labelled.labels("GET", 200, "/"));
  // @ts-expect-error no value at all
  refused(() => labelled.labels());
  // @ts-expect-error status is missing
  refused(() => labelled.labels({ method: "GET" }));
  // @ts-expect-error path is not declared
  refused(() => labelled.labels({ method: "GET", status: 200, path: "/" }));
  // @ts-expect-error POST is not in the list
  refused(() => listed.labels({ method: "POST", status: 200 }));
  // @ts-expect-error there are no labels
  refused(() => plain.labels("GET"));
  // @ts-expect-error there are no labels
  refused(() => plain.labels({ method: "GET" }));
});

test("Counter.remove() compiles with what labels() takes", () => {
  labelled.remove("GET", 200);
  labelled.remove({ method: "GET", status: 200 });
  plain.remove();

  // @ts-expect-error status is missing
  labelled.remove({ method: "GET" });
  // @ts-expect-error one value is missing
  labelled.remove("GET");
});

test("labelValues compiles with declared labels only", () => {
  const about = { name: "declared_total", help: "h", registers };
  const more = { method: ["GET"], path: ["/"] } as const;
  const slips = () => [
    // @ts-expect-error methd is not declared
    new Counter({ ...about, labelNames: ["method"], labelValues: { methd: ["GET"] } }),
    // @ts-expect-error path is not declared
    new Counter({ ...about, labelNames: ["method"], labelValues: more }),
    // @ts-expect-error there are no labels
    new Counter({ ...about, labelValues: { method: ["GET"] } }),
  ];
  assert.throws(slips);
});

test("generic code over instruments compiles", () => {
  /** Passes the arguments of any counter on. */
  function twice<Names extends string, Values extends DeclaredValues<Names>>(
    counter: Counter<Names, Values>,
    ...args: OptionalValueArguments<Names, LabelsOf<Names, Values>>
  ): void {
    counter.inc(...args);
    counter.inc(...args);
  }
  twice(plain, 2);
  twice(labelled, { method: "GET", status: 1 });
  // @ts-expect-error status is missing
  refused(() => twice(labelled, { method: "GET" }));

  /** Knows one label only. */
  function place(counter: Counter<"country">): void {
    counter.inc({ country: "DE" });
  }
  place(new Counter({ name: "placed_total", help: "h", labelNames: ["country"], registers }));
  // @ts-expect-error another label
  refused(() => place(labelled));

  /** Label names that are known when the program runs. */
  const names: string[] = ["a", "b"];
  const dynamic = new Counter({ name: "dynamic_total", help: "h", labelNames: names, registers });
  dynamic.inc({ a: 1, b: 2 });
  dynamic.labels("1", "2").inc();
  const none = new Counter({ name: "none_total", help: "h", labelNames: [], registers });
  none.inc(2);
});

test("the other instruments take labels as Counter does", () => {
  const about = { help: "h", labelNames: ["method", "status"], registers } as const;
  const gauge = new Gauge({ ...about, name: "g", labelValues: { method: ["GET"] } });
  const took = [
    new Histogram({ ...about, name: "h" }),
    new Summary({ ...about, name: "s", percentiles: [] }),
  ];
  gauge.set({ method: "GET", status: 200 }, 1);
  gauge.labels("GET", 200).set(1);
  // @ts-expect-error the value is missing
  assert.throws(() => gauge.set({ method: "GET", status: 200 }));
  // @ts-expect-error status is missing
  refused(() => gauge.set({ method: "GET" }, 1));
  // @ts-expect-error POST is not in the list
  refused(() => gauge.set({ method: "POST", status: 200 }, 1));
  // @ts-expect-error one value is missing
  refused(() => gauge.labels("GET"));
  for (const instrument of took) {
    instrument.observe({ method: "GET", status: 200 }, 1);
    instrument.startTimer({ method: "GET" })({ status: 200 });
    instrument.startTimer({ method: "GET" })({ status: 200, method: "PUT" });
    instrument.startTimer({ method: "GET", status: 200 })();
    instrument.startTimer({ method: "GET", status: 200 })({ status: 500 });
    instrument.startTimer()({ method: "GET", status: 200 });
    // @ts-expect-error status is missing
    refused(() => instrument.observe({ method: "GET" }, 1));
    // @ts-expect-error path is not declared
    refused(() => instrument.observe({ method: "GET", status: 200, path: "/" }, 1));
    // @ts-expect-error labels are missing
    refused(() => instrument.observe(1));
    // @ts-expect-error path is not declared
    refused(() => instrument.startTimer({ method: "GET", path: "/" })({ status: 200 }));
    // @ts-expect-error status is missing
    refused(() => instrument.startTimer({ method: "GET" })());
    // @ts-expect-error status is missing
    refused(() => instrument.startTimer({ method: "GET" })({ method: "PUT" }));
    // @ts-expect-error both are missing
    refused(() => instrument.startTimer()());
    const perhaps: { method: string; status?: number } = { method: "GET" };
    // @ts-expect-error status may be missing
    refused(() => instrument.startTimer(perhaps)());
    // @ts-expect-error path is not declared
    refused(() => instrument.startTimer({ method: "GET" })({ status: 200, path: "/" }));
    // @ts-expect-error one value is missing
    refused(() => instrument.labels("GET"));
  }
});

test("generic code over several instruments compiles", () => {
  /** Anything that observes. */
  interface Observer<Names extends string> {
    observe(...args: ValueArguments<Names, LabelsOf<Names, {}>>): void;
  }
  function observeTwice<Names extends string>(
    observer: Observer<Names>,
    ...args: ValueArguments<Names, LabelsOf<Names, {}>>
  ): void {
    observer.observe(...args);
    observer.observe(...args);
  }
  const about = { help: "h", labelNames: ["method"], registers } as const;
  observeTwice(new Histogram({ ...about, name: "generic_h" }), { method: "GET" }, 1);
  observeTwice(new Summary({ ...about, name: "generic_s" }), { method: "GET" }, 1);

  const all: { readonly name: string; reset(): void }[] = [plain, labelled, listed];
  for (const instrument of all) instrument.reset();
  assert.equal(all.length, 3);
});
