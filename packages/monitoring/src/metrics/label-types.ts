// The types that make a missing label, an unknown one, or a value outside a declared list fail to compile.
//
//   new Counter({ name, help, labelNames: ["method", "status"], labelValues: { method: ["GET", "PUT"] } })
//   counter.inc({ method: "GET", status: 200 })      compiles
//   counter.inc({ method: "GET" })                   status is missing
//   counter.inc({ method: "POST", status: 200 })     POST is not declared

/** What may stand as a label value. */
export type LabelValue = string | number | boolean | bigint;

/** The lists of allowed values, for the labels that have one. */
export type DeclaredValues<Names extends string> = {
  readonly [Name in Names]?: readonly LabelValue[];
};

/** `Values` without lists for labels that are not declared, which would be a slip. */
export type OnlyDeclared<Names extends string, Values> = Values & {
  readonly [Name in Exclude<keyof Values, Names>]: never;
};

/** The labels object of a metric: every declared label, and no other. */
export type LabelsOf<Names extends string, Values extends DeclaredValues<Names>> = {
  readonly [Name in Names]: Values[Name] extends readonly LabelValue[]
    ? Values[Name][number]
    : LabelValue;
};

/** `inc(value?)` without labels, `inc(labels, value?)` with. */
export type OptionalValueArguments<Names extends string, Labels> = [Names] extends [never]
  ? [value?: number]
  : [labels: Labels, value?: number];

/** `set(value)` without labels, `set(labels, value)` with. */
export type ValueArguments<Names extends string, Labels> = [Names] extends [never]
  ? [value: number]
  : [labels: Labels, value: number];

/** `startTimer()` without labels, `startTimer(labels?)` with: what is left out is given when the timer ends. */
export type TimerArguments<Names extends string, Given> = [Names] extends [never]
  ? []
  : [labels?: Given & { readonly [Name in Exclude<keyof Given, Names>]: never }];

/** What the end of a timer takes: the labels that were not given at its start, and any of the others anew. */
export type TimerEndArguments<Names extends string, Labels, Given> = [Names] extends [never]
  ? []
  : string extends Names
    ? [labels?: Labels] // not known before the program runs
    : [Exclude<Names, RequiredKeys<Given>>] extends [never]
      ? [labels?: Partial<Labels>]
      : [
          labels: Partial<Labels> &
            Pick<Labels, Exclude<Names, RequiredKeys<Given>> & keyof Labels>,
        ];

/** Keys that an object of the type surely has. */
type RequiredKeys<Type> = {
  [Key in keyof Type]-?: {} extends Pick<Type, Key> ? never : Key;
}[keyof Type];

/** `labels(...)` of a metric: the labels object, or one value a label in declared order. */
export type BindArguments<Names extends string, Labels> = [Names] extends [never]
  ? [labels?: Readonly<Record<string, never>>]
  : [labels: Labels] | Positional<Names, Labels[keyof Labels]>;

/**
 * One value for each name of a union. A union has no order, so the types check how many values there are and that each
 * is allowed for some label; which value belongs to which label is checked when the call is made.
 */
type Positional<Names extends string, Value, Tuple extends readonly unknown[] = []> = [
  Names,
] extends [never]
  ? Tuple
  : string extends Names
    ? Value[]
    : Positional<Exclude<Names, OneOf<Names>>, Value, [...Tuple, Value]>;

/** Some member of a union: the last overload of the functions that take one each. */
type OneOf<Union> = (Union extends unknown ? (take: () => Union) => void : never) extends (
  take: infer Takers,
) => void
  ? Takers extends () => infer Last
    ? Last
    : never
  : never;
