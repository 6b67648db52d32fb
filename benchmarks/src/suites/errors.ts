// Reports of an error with twenty own frames of compiled TypeScript, beside youch, pretty-error and Node's own inspect.
//
//   ours           reads source maps itself, from the JavaScript's stack; code of all twenty frames
//   youch          its text has code of the first frame, its JSON and its page of all; needs Node's source maps
//   util.inspect   no code; needs Node's source maps
//   pretty-error   no code; needs Node's source maps
//
// Each op throws an error of its own: throwing it and reading its stack are in every figure. Node's source maps are
// switched on for the peers and off for ours, before each round: the switch taxes every stack that is read in a process.

import { setSourceMapsSupport } from "node:module";
import { inspect, stripVTControlCharacters } from "node:util";
import { RichErrorHandler } from "@flx/monitoring/errors";
import PrettyError from "pretty-error";
import { Youch } from "youch";
import { requireBuilt } from "../harness/built-packages.ts";
import { contender, suite, type LoopCase, type Suite } from "../harness/suite.ts";
import { compileFixture, FRAMES } from "./errors-fixture.ts";
import { captureCases, firstError } from "./errors-processes.ts";

requireBuilt("model");
requireBuilt("monitoring");

const fixture = compileFixture();
Error.stackTraceLimit = FRAMES;

type Fail = (id: number) => never;

// Node reads a map when it loads the file of it, if at all.
setSourceMapsSupport(true);
const program = (await import(fixture)) as { readonly fail: Fail };

interface State {
  readonly fail: Fail;
  readonly useMaps: () => void;
  readonly show: (error: unknown) => string | Promise<string>;
}

/** The frames of the fixture that a text names, as "0:79": step and line. */
function namedFrames(text: string): readonly string[] {
  const places = stripVTControlCharacters(text).matchAll(
    /step-(\d)\.ts(?:"?[:,]"?(?:line|lineNumber)?"?:?)(\d+)/g,
  );
  return [...new Set([...places].map(([, step, line]) => `${step}:${line}`))].toSorted();
}

function shows(name: string, show: State["show"], packageName?: string) {
  const isOurs = name === "ours";
  return contender<State>({
    name,
    ...(packageName !== undefined && { package: packageName }),
    setup: () => ({
      fail: program.fail,
      useMaps: () => setSourceMapsSupport(!isOurs),
      show,
    }),
    before: ({ useMaps }) => useMaps(),
    op: async ({ fail, show: showError }, i) => {
      try {
        return fail(i);
      } catch (error) {
        const shown = await showError(error);
        return shown.length;
      }
    },
    check: async () => {
      try {
        return program.fail(1);
      } catch (error) {
        const frames = namedFrames(await show(error));
        if (frames.length !== FRAMES) {
          throw new Error(`${name} names ${frames.length} frames`, { cause: error });
        }
        return frames;
      }
    },
  });
}

const handler = new RichErrorHandler({
  format: "terminal",
  color: true,
  width: 120,
  maxFrames: FRAMES,
});
const youch = new Youch();
const pretty = new PrettyError();

function loop(
  name: string,
  contenders: LoopCase["contenders"],
  budgets: NonNullable<LoopCase["budgets"]>,
): LoopCase {
  return { name, kind: "loop", async: true, checkOps: 3, contenders, budgets };
}

export const errors: Suite = suite("errors", {
  title: `Reports of an error with ${FRAMES} own frames of TypeScript`,
  cases: [
    loop(
      "for a terminal, warm",
      [
        shows("ours", (error) => handler.format(error)),
        shows("util.inspect", (error) => inspect(error)),
        shows("youch", (error) => youch.toANSI(error), "youch"),
        shows("pretty-error", (error) => pretty.render(error as Error), "pretty-error"),
      ],
      [{ atMost: 500_000 }, { against: "youch", atLeast: 5 }],
    ),
    loop(
      "as JSON, warm",
      [
        shows("ours", (error) => handler.toJson(error)),
        shows("youch", async (error) => JSON.stringify(await youch.toJSON(error)), "youch"),
      ],
      [{ atMost: 200_000 }, { against: "youch", atLeast: 10 }],
    ),
    loop(
      "as a page, warm",
      [
        shows("ours", (error) => handler.toHtml(error)),
        shows("youch", (error) => youch.toHTML(error), "youch"),
      ],
      [{ against: "youch", atLeast: 10 }],
    ),
    firstError(fixture),
    ...captureCases(fixture),
  ],
});
