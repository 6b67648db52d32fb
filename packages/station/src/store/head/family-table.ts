// What is known of metric families: type, help and unit, each different one that was said; bounded.

import type { WrittenMetadata } from "@flx/model";
import type { FamilyMetadata } from "../metrics-source.ts";

const MAX_FAMILIES = 100_000;
const MAX_VARIANTS = 10;
const MAX_HELP_LENGTH = 4_096;

/** Metadata by family. */
export class FamilyTable {
  readonly #families = new Map<string, FamilyMetadata[]>();

  /** Notes what was said, once. */
  add(written: WrittenMetadata): void {
    if (this.has(written)) return;
    const { name, type, help, unit } = written;
    let known = this.#families.get(name);
    if (known === undefined) {
      if (this.#families.size >= MAX_FAMILIES) return;
      this.#families.set(name, (known = []));
    }
    if (known.length >= MAX_VARIANTS) known.shift();
    known.push({ type, help: help.slice(0, MAX_HELP_LENGTH), unit });
  }

  /** Whether it is known already. */
  has({ name, type, help, unit }: WrittenMetadata): boolean {
    const known = this.#families.get(name) ?? [];
    const short = help.slice(0, MAX_HELP_LENGTH);
    return known.some((each) => each.type === type && each.help === short && each.unit === unit);
  }

  /** What was said last of a family. */
  latest(name: string): FamilyMetadata | undefined {
    return this.#families.get(name)?.at(-1);
  }

  get(name: string | undefined): ReadonlyMap<string, readonly FamilyMetadata[]> {
    if (name === undefined) return this.#families;
    const known = this.#families.get(name);
    return new Map(known === undefined ? [] : [[name, known]]);
  }

  *all(): Generator<WrittenMetadata> {
    for (const [name, known] of this.#families) {
      for (const each of known) yield { name, ...each };
    }
  }
}
