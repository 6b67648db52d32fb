// Which faults are on, inside one process. The supervisor holds the truth; it passes the list at start
// (SHOP_FAULTS, so a fault survives a restart) and sends every change to the running processes.

import { findFault, type FaultName } from "./catalogue.ts";

/** The faults a process asks about. */
export type FaultSwitches = {
  isOn(name: FaultName): boolean;
  /** Calls back at every change, and at once when the fault is already on. */
  onChange(name: FaultName, changed: (on: boolean) => void): void;
};

/** Fault switches that can also be set. */
export class FaultPanel implements FaultSwitches {
  #on = new Set<FaultName>();
  readonly #listeners: { name: FaultName; changed: (on: boolean) => void }[] = [];

  constructor(names: readonly FaultName[] = []) {
    this.#on = new Set(names);
  }

  isOn(name: FaultName): boolean {
    return this.#on.has(name);
  }

  onChange(name: FaultName, changed: (on: boolean) => void): void {
    this.#listeners.push({ name, changed });
    if (this.isOn(name)) changed(true);
  }

  /** Replaces the list of faults that are on and tells whoever is concerned. */
  set(names: readonly FaultName[]): void {
    const before = this.#on;
    this.#on = new Set(names);
    for (const { name, changed } of this.#listeners) {
      if (before.has(name) !== this.#on.has(name)) changed(this.#on.has(name));
    }
  }
}

/** The names in a comma-separated list that are faults. */
export function parseFaultNames(text: string | undefined): FaultName[] {
  return (text ?? "").split(",").flatMap((name) => findFault(name)?.name ?? []);
}
