// Which of the two text formats a body is in, and how it is announced.
//
//   Content-Type: text/plain; version=0.0.4; charset=utf-8                      -> "text"
//   Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8    -> "openmetrics"
//
// `escaping=allow-utf-8` is added where the reader has said that it takes names outside the classic character set
// as they are. Prometheus 3 knows `text/plain; version=1.0.0` as well: the same lines, with that promise.
//
// Source: https://prometheus.io/docs/instrumenting/content_negotiation/

/** The text formats: `text` is the Prometheus text format 0.0.4, `openmetrics` is OpenMetrics 1.0. */
export type ExpositionFormat = "text" | "openmetrics";

/** Content type of the Prometheus text format 0.0.4. */
export const TEXT_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Content type of OpenMetrics 1.0. */
export const OPENMETRICS_CONTENT_TYPE =
  "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Content type of the text format for readers that asked for `escaping=allow-utf-8` (Prometheus 3). */
export const TEXT_UTF8_CONTENT_TYPE =
  "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8";

/** Content type of OpenMetrics 1.0 for readers that asked for `escaping=allow-utf-8` (Prometheus 3). */
export const OPENMETRICS_UTF8_CONTENT_TYPE =
  "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8";

const versions: Readonly<Record<ExpositionFormat, readonly string[]>> = {
  text: ["0.0.4", "1.0.0"],
  openmetrics: ["0.0.1", "1.0.0"],
};

/**
 * The format of a body by its Content-Type header; `undefined` when it is none of ours (protobuf, HTML, a version
 * or a charset we do not read). Names and parameters are compared without regard to case; a missing version is the
 * newest. An empty or missing header is answered with `undefined`: whoever wants a fallback chooses it.
 *
 * @example expositionFormat("text/plain; version=0.0.4") // "text"
 */
export function expositionFormat(contentType: string | undefined): ExpositionFormat | undefined {
  const [type = "", ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const format = formatOfType(type.trim());
  if (format === undefined) return undefined;
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    const text = unquoted(value.trim());
    if (name.trim() === "version" && !versions[format].includes(text)) return undefined;
    if (name.trim() === "charset" && !["utf-8", "utf8", "us-ascii"].includes(text)) {
      return undefined;
    }
  }
  return format;
}

function formatOfType(type: string): ExpositionFormat | undefined {
  if (type === "text/plain") return "text";
  return type === "application/openmetrics-text" ? "openmetrics" : undefined;
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1)
    : value;
}
