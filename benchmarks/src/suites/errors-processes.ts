// What reports of errors cost a process besides writing them: the first one after a start, and throwing and awaiting
// around a capture of variables. Each contender in processes of its own, with the built packages.
//
//   before    imports, the fixture, time to be idle ─► figure: CPU of the main thread ─► proof: what was written

import type { StartUpCase, StartUpContender } from "../harness/suite.ts";
import { FRAMES } from "./errors-fixture.ts";

const MAPS = `process.getBuiltinModule("node:module").setSourceMapsSupport(true);`;
const QUIET = "output: { write: () => true }";
const TERMINAL = `format: "terminal", color: true, width: 120, ${QUIET}`;

/** The first error of a process that was idle for two seconds. */
export function firstError(fixture: string): StartUpCase {
  const first = (name: string, start: string, show: string): StartUpContender => ({
    name,
    before: `
      ${start}
      Error.stackTraceLimit = ${FRAMES};
      const { fail } = await import(${JSON.stringify(fixture)});
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      let shown;`,
    program: `try { fail(7) } catch (error) { shown = ${show} }`,
    proof: "shown",
  });
  const peer = (name: string, start: string, show: string): StartUpContender => ({
    ...first(name, `${MAPS} ${start}`, show),
    package: name,
  });
  return {
    name: "the first error after a start",
    kind: "start-up",
    figure: "CPU ms",
    expected: "step-0.ts",
    contenders: [
      first(
        "ours",
        `const { startMonitoring } = await import("@flx/monitoring");
         const flx = await startMonitoring({ service: "shop", admin: false, otlp: false, errors: { ${TERMINAL} } });`,
        "flx.errors.handler.format(error)",
      ),
      first(
        "ours, not prepared",
        `const { RichErrorHandler } = await import("@flx/monitoring/errors");
         const handler = new RichErrorHandler({ ${TERMINAL} });`,
        "handler.format(error)",
      ),
      first(
        "util.inspect",
        `${MAPS} const { inspect } = await import("node:util");`,
        "inspect(error)",
      ),
      peer("youch", `const { Youch } = await import("youch");`, "await new Youch().toANSI(error)"),
      peer(
        "pretty-error",
        `const { default: PrettyError } = await import("pretty-error");`,
        "new PrettyError().render(error)",
      ),
    ],
    budgets: [{ atMost: 5 }],
  };
}

const THROWS = 5_000;
const AWAITS = 200_000;
const AWAITING = `await awaiting(${AWAITS});`;
/** As many as are captured in a second. */
const CAPTURES = 5;

/** A process that throws errors 25 calls deep, and awaits. */
function program(fixture: string): string {
  return `
    const { fail } = await import(${JSON.stringify(fixture)});
    const { RichErrorHandler } = await import("@flx/monitoring/errors");
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const deep = (calls, id) => calls === 0 ? fail(id) : deep(calls - 1, id);
    const thrown = (id) => { try { deep(3, id) } catch (error) { return error } };
    const throwing = (count) => { let last; for (let i = 0; i < count; i++) last = thrown(i); return last; };
    const awaiting = async (count) => { for (let i = 0; i < count; i++) await i; };
    throwing(${THROWS});
    await awaiting(${AWAITS});`;
}

/** That a report has variables. */
const captured = (report: string) => `${report}.frames[0].locals[0].name + " captured"`;

/** Throwing and awaiting around a capture, and the capture itself. */
export function captureCases(fixture: string): readonly StartUpCase[] {
  const always = `const handler = new RichErrorHandler({ showLocals: true, ${QUIET} });`;
  const never = `const handler = new RichErrorHandler({ ${QUIET} });`;
  const later = (name: string, work: string): StartUpCase => ({
    name: `${name}, disarmed after a capture`,
    kind: "start-up",
    figure: "CPU ms",
    expected: "captured",
    contenders: [
      {
        name: "ours",
        before: `${program(fixture)}
          const handler = new RichErrorHandler({ showLocals: "armed", format: "plain", ${QUIET} });
          const [, second] = [1, 2].map((id) => handler.handle(thrown(id)).report);
          await wait(50);
          ${work}`,
        program: work,
        proof: captured("second"),
      },
      {
        name: "never armed",
        before: `${program(fixture)} ${never} ${work}`,
        program: work,
        proof: `"never captured"`,
      },
    ],
    budgets: [{ against: "never armed", atLeast: 0.9 }],
  });
  const armed: StartUpContender = {
    name: "while armed",
    before: `${program(fixture)} ${always}`,
    program: AWAITING,
    proof: captured("handler.report(thrown(1))"),
  };
  const awaits = later(`${AWAITS} awaits`, AWAITING);
  return [
    later(`${THROWS} throws`, `throwing(${THROWS});`),
    { ...awaits, contenders: [...awaits.contenders, armed] },
    {
      name: `${CAPTURES} captures of variables, 25 frames each`,
      kind: "start-up",
      figure: "CPU ms",
      expected: "captured",
      contenders: [
        {
          name: "ours",
          before: `${program(fixture)} ${always}
            for (let i = 0; i < 4; i++) { await wait(1_050); throwing(${CAPTURES}); }
            await wait(1_050);`,
          program: `const last = throwing(${CAPTURES});`,
          proof: captured("handler.report(last)"),
        },
      ],
      budgets: [{ atMost: 2.5 * CAPTURES }],
    },
  ];
}
