// Attributes as two arrays side by side: a span has a handful, and looking one up by going through them is cheaper than
// any table. A key that is set again keeps its place.
//
// Arrays are copied when they are set, so that what the caller does with them afterwards changes nothing; other objects
// are read when the span ends.

import type { AttributeColumns } from "@flx/model/write";

/** Characters of a key; a longer one is none. */
const MAX_KEY = 1024;

/** A bounded list of attributes. */
export class AttributeList implements AttributeColumns {
  readonly keys: string[] = [];
  readonly values: unknown[] = [];
  dropped = 0;

  /** Sets one attribute; at most `limit` are kept. Without a key or a value, nothing happens. */
  set(key: string, value: unknown, limit: number): void {
    if (value === undefined || value === null || typeof key !== "string" || key === "") return;
    const kept = Array.isArray(value) ? copied(value) : value;
    const { keys } = this;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === key) {
        this.values[i] = kept;
        return;
      }
    }
    if (keys.length >= limit || key.length > MAX_KEY) {
      this.dropped++;
      return;
    }
    keys.push(key);
    this.values.push(kept);
  }

  /** Sets the own properties of an object; one that cannot be read is left out and counted. */
  setAll(attributes: object, limit: number): void {
    try {
      for (const key in attributes) {
        if (!Object.hasOwn(attributes, key)) continue;
        this.#setFrom(attributes as Record<string, unknown>, key, limit);
      }
    } catch {
      this.dropped++;
    }
  }

  /** The value of a key. */
  get(key: string): unknown {
    const at = this.keys.indexOf(key);
    return at < 0 ? undefined : this.values[at];
  }

  #setFrom(attributes: Record<string, unknown>, key: string, limit: number): void {
    try {
      this.set(key, attributes[key], limit);
    } catch {
      this.dropped++;
    }
  }
}

/** Items of one attribute that are kept; the writer takes fewer by default. */
const MAX_ITEMS = 65_536;

/** The list as it is now; it may be a proxy. */
function copied(list: readonly unknown[]): unknown {
  try {
    return list.slice(0, MAX_ITEMS);
  } catch {
    return "[unreadable]";
  }
}

/** A new list of what an object has; undefined when there is nothing. */
export function attributeList(
  attributes: object | undefined | null,
  limit: number,
): AttributeList | undefined {
  if (typeof attributes !== "object" || attributes === null) return undefined;
  const list = new AttributeList();
  list.setAll(attributes, limit);
  return list.keys.length === 0 && list.dropped === 0 ? undefined : list;
}
