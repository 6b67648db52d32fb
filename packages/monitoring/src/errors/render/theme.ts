// Colours of a report in a terminal, as parameters of "select graphic rendition".
//
// Source: ECMA-48, 8.3.117.

import type { TokenKind } from "../report/highlight.ts";

/** What has a colour of its own. */
export type ThemePart =
  | TokenKind
  | "title"
  | "message"
  | "dim"
  | "mark"
  | "location"
  | "function"
  | "field"
  | "help"
  | "number";

/** For each part its parameters: "1;31" is bold and red; "" is none. */
export type Theme = Readonly<Record<ThemePart, string>>;

export const DARK_THEME: Theme = {
  plain: "",
  keyword: "35",
  string: "32",
  number: "33",
  comment: "90",
  call: "36",
  type: "36",
  constant: "33",
  title: "1;97;41",
  message: "1",
  dim: "90",
  mark: "1;31",
  location: "36",
  function: "1",
  field: "34",
  help: "32",
};

/** For terminals with a light background. */
export const LIGHT_THEME: Theme = {
  ...DARK_THEME,
  comment: "2",
  dim: "2",
  location: "34",
  call: "34",
  type: "34",
};
