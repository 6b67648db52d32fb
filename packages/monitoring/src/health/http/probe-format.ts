// In which form a probe is answered, by its Accept header. Whatever it says, it is answered: a probe that cannot read the
// body still reads the status.
//
// Source: RFC 9110, section 12.5.1.

/** The forms of answers. */
export type ProbeFormat = "text" | "json" | "health+json";

const MAX_ACCEPT = 512;

/** How well an entry of Accept fits a media type: exactly, by its first half, by anything. */
const TYPES: ReadonlyMap<string, ProbeFormat> = new Map<string, ProbeFormat>([
  ["text/plain", "text"],
  ["text/*", "text"],
  ["*/*", "text"],
  ["application/json", "json"],
  ["application/*", "json"],
  ["application/health+json", "health+json"],
]);

/** The form that an Accept header likes best; the first of those it likes as well, text when it likes none. */
export function probeFormat(accept: string | undefined): ProbeFormat {
  if (accept === undefined || accept === "*/*" || accept === "") return "text";
  let best: ProbeFormat = "text";
  let bestQuality = 0;
  for (const entry of accept.slice(0, MAX_ACCEPT).toLowerCase().split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim());
    const format = TYPES.get(type);
    const quality = qualityOf(parameters);
    if (format === undefined || quality <= bestQuality) continue;
    best = format;
    bestQuality = quality;
  }
  return best;
}

function qualityOf(parameters: readonly string[]): number {
  const quality = Number(parameters.find((each) => each.startsWith("q="))?.slice(2) ?? 1);
  return quality >= 0 && quality <= 1 ? quality : 0;
}
