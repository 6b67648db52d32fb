// A message without what differs from one occurrence to the next.
//
//   user 4711 not found in "orders" (10.0.0.7)   ->   user <int> not found in <quoted> (<ip>)
//
// One pass per kind, the most specific first: a UUID holds numbers, a date holds dashes, an address holds a name. What is
// put in for a value is a word in angle brackets, which no later pattern takes apart.
//
// Every pattern is linear: no nested quantifiers over the same characters, all repetitions bounded. The message is cut
// at MAX_MESSAGE first. Pure; the station uses the same function.

/** What a message of megabytes says in the first of them is enough to tell it apart. */
const MAX_MESSAGE = 8_192;

const HEX = "[0-9a-fA-F]";
const MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}";
const DAY = "(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}";
const CLOCK = String.raw`\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?`;
const OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";

/** Kinds of values and their patterns, in the order they are looked for. */
const KINDS: readonly (readonly [word: string, pattern: RegExp])[] = [
  [
    "email",
    /[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?\.[a-zA-Z]{2,24}\b/g,
  ],
  ["url", /\b(?:[a-z][a-z0-9+.-]{1,20}):\/\/[^\s"'`<>]{1,2048}/gi],
  ["traceparent", new RegExp(String.raw`\b00-${HEX}{32}-${HEX}{16}-0[01]\b`, "g")],
  ["uuid", new RegExp(String.raw`\b${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}\b`, "g")],
  ["ip", new RegExp(String.raw`(?<![\w.])(?:${OCTET}\.){3}${OCTET}(?!\w|\.\d)`, "g")],
  [
    "ip",
    new RegExp(
      String.raw`(?<![\w:.])(?:(?:${HEX}{1,4}:){7}${HEX}{1,4}|(?:${HEX}{1,4}:){1,6}(?::${HEX}{1,4}){1,6}|(?:${HEX}{1,4}:){1,7}:|::(?:${HEX}{1,4}:){0,5}${HEX}{1,4})(?![\w:])`,
      "g",
    ),
  ],
  [
    "date",
    new RegExp(
      [
        // 2026-11-27T13:40:00.123Z, 2026-11-27 13:40, 2026/11/27
        String.raw`\b\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[T ]${CLOCK}(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})\b)?)?`,
        // 27/11/2026, 11-27-2026
        String.raw`\b\d{1,2}[-/]\d{1,2}[-/]\d{4}(?: ${CLOCK})?\b`,
        // Fri, 27 Nov 2026 13:40:00 GMT; 27 Nov 2026; Nov 27, 2026
        String.raw`\b(?:${DAY},? )?\d{1,2}[- ]${MONTH}[- ]\d{2,4}(?: ${CLOCK}(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})\b)?)?`,
        String.raw`\b(?:${DAY},? )?${MONTH} \d{1,2},? (?:${CLOCK} )?\d{4}(?: ${CLOCK})?(?: (?:UTC|GMT)(?:[+-]\d{4})?)?`,
        String.raw`(?<![\w:])${CLOCK}(?: ?[ap]m\b)?(?![\w:])`,
      ].join("|"),
      "gi",
    ),
  ],
  ["duration", /(?<![\w.])\d{1,12}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h|d)\b/g],
  ["hex", new RegExp(String.raw`\b0[xX]${HEX}{1,64}\b`, "g")],
  ["sha1", new RegExp(String.raw`\b${HEX}{40}\b`, "g")],
  ["md5", new RegExp(String.raw`\b${HEX}{32}\b`, "g")],
  // A run of hex digits with both letters and digits in it.
  ["hex", new RegExp(String.raw`\b(?=[a-fA-F]*\d)(?=\d*[a-fA-F])${HEX}{8,128}\b`, "g")],
  ["float", /(?<![\w.])[-+]?(?:\d{1,18}\.\d{1,18}|\.\d{1,18})(?:[eE][-+]?\d{1,3})?\b(?!\.\d)/g],
  ["int", /(?<![\w.])[-+]?\d{1,40}\b(?!\.\d)/g],
  [
    "quoted",
    /(?<![\w])'(?:[^'\\\n]|\\.){1,1024}'(?!\w)|"(?:[^"\\\n]|\\.){1,1024}"|`[^`\n]{1,1024}`/g,
  ],
  ["path", /(?<![\w.<>/])(?:[A-Za-z]:)?(?:[\\/][\w.@~+-]{1,255}){2,64}[\\/]?/g],
];

/** Objects and lists of JSON that stand in a message. */
const JSON_START = /[[{](?=\s*(?:["{[\]}\d-]|true|false|null))/g;

/**
 * A message with placeholders for numbers, ids, dates, addresses, paths and quoted values.
 *
 * @example parameterizeMessage("job 7 took 12ms") // "job <int> took <duration>"
 */
export function parameterizeMessage(message: string): string {
  let text = withoutJson(message.slice(0, MAX_MESSAGE).trim());
  for (const [word, pattern] of KINDS) text = text.replace(pattern, `<${word}>`);
  return text;
}

/** Values of JSON become one word; their keys differ as their values do. */
function withoutJson(text: string): string {
  let out = "";
  let from = 0;
  JSON_START.lastIndex = 0;
  for (let found = JSON_START.exec(text); found !== null; found = JSON_START.exec(text)) {
    if (found.index < from) continue;
    const end = jsonEnd(text, found.index);
    if (end === undefined) break;
    if (!isJson(text.slice(found.index, end))) continue;
    out += `${text.slice(from, found.index)}<json>`;
    from = end;
    JSON_START.lastIndex = end;
  }
  return out + text.slice(from);
}

/** Where the brackets close that open here. */
function jsonEnd(text: string, start: number): number | undefined {
  let depth = 0;
  let isQuoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if (isQuoted) {
      if (character === "\\") at++;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return at + 1;
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object";
  } catch {
    return false;
  }
}
