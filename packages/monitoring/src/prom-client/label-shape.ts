// How a caller wrote the labels of a series the first time: which names, in which order, of which types.
//
//   inc({ status: 200, method: "GET" })     shape  status:number method:string     texts "200", "GET"
//
// Lines and JSON repeat that spelling (the order of the caller's object, 200 and not "200"). Nearly all series of a metric
// share a shape, so it is kept once and a series points at it; the texts are in the label table already.

/** A label value as it came in. */
export type LabelInputValue = unknown;

/** Names in the caller's order, and what each value was. */
export interface LabelShape {
  readonly names: readonly string[];
  /** The `typeof` of each value, or "null". */
  readonly kinds: readonly string[];
}

/** The shapes of one metric, each once. */
export class LabelShapes {
  readonly #shapes = new Map<string, LabelShape>();

  /** The shape of a labels object. */
  of(labels: Readonly<Record<string, LabelInputValue>>): LabelShape {
    const names = Object.keys(labels);
    const kinds = names.map((name) => (labels[name] === null ? "null" : typeof labels[name]));
    const key = names.map((name, i) => `${name} ${kinds[i]}`).join(",");
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      shape = { names, kinds };
      this.#shapes.set(key, shape);
    }
    return shape;
  }
}

/** The text that stands for a value when label sets are compared: null, undefined and "" are one. */
export function comparedText(value: LabelInputValue): string {
  if (typeof value === "string") return value;
  const text = String(value);
  return value === undefined || value === null ? "" : text;
}

/** The value of a kind from its text; objects come back as their text. */
export function valueOfKind(kind: string, text: string): LabelInputValue {
  switch (kind) {
    case "number":
      return Number(text);
    case "boolean":
      return text === "true";
    case "bigint":
      return BigInt(text);
    case "null":
      return null;
    case "undefined":
      return undefined;
    default:
      return text;
  }
}
