// Variables in texts of the configuration.
//
//   ${NAME}             the variable; a problem when it is not set
//   ${NAME:-otherwise}  the variable, or the text after :- when it is not set or empty
//   $${NAME}            the characters ${NAME}
//
// `$1`, `${1}` and a lone `$` stay as they are: relabelling and templates use them.

/** What became of a text. */
export interface Expanded {
  readonly text: string;
  /** The variables that were put in. */
  readonly used: readonly string[];
  /** The variables that are not set and have no text for that case. */
  readonly missing: readonly string[];
}

export type Variables = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Puts in the variables a text refers to. */
export function expandVariables(text: string, variables: Variables): Expanded {
  if (!text.includes("${")) return { text, used: [], missing: [] };
  const used: string[] = [];
  const missing: string[] = [];
  const expanded = text.replaceAll(
    REFERENCE,
    (
      whole,
      escaped: string | undefined,
      name: string | undefined,
      otherwise: string | undefined,
    ) => {
      if (escaped !== undefined || name === undefined) return whole.slice(1);
      used.push(name);
      const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (value !== undefined && (value !== "" || otherwise === undefined)) return value;
      if (otherwise === undefined) missing.push(name);
      return otherwise ?? "";
    },
  );
  return { text: expanded, used, missing };
}
