// Figures that a contender gives itself, a round each: what a service in a process of its own says of itself under load.
//
//   round   a │ b │ c ──► b │ c │ a ──► ...      each contender in each round, the first one changing

import { rotated } from "./statistics.ts";
import type { StartUpResult } from "./start-up.ts";
import type { FigureCase, FigureSource } from "./suite.ts";

/** Runs a figure case; a first round of all is not kept. */
export async function runFigureCase(
  each: FigureCase,
  { rounds }: { readonly rounds: number },
): Promise<StartUpResult[]> {
  await using opened = new AsyncDisposableStack();
  const sources: { name: string; source: FigureSource; figures: number[] }[] = [];
  for (const one of each.contenders) {
    sources.push({ name: one.name, source: opened.use(await one.open()), figures: [] });
  }
  for (const { source } of sources) await source.measure(-1);
  for (let round = 0; round < rounds; round++) {
    for (const { source, figures } of rotated(sources, round)) {
      figures.push(await source.measure(round));
    }
  }
  return sources.map(({ name, figures }) => ({ name, figures }));
}
