// Names of metrics and labels. Any non-empty UTF-8 text is a name since Prometheus 3; the classic character
// set still decides how a name is written: plain, or quoted inside the braces.
//
// Source: https://prometheus.io/docs/concepts/data_model/

const legacyMetricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const legacyLabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Whether a metric name needs no quotes: letters, digits, `_` and `:`, no digit first.
 *
 * @example isLegacyMetricName("http.requests") // false
 */
export function isLegacyMetricName(name: string): boolean {
  return legacyMetricName.test(name);
}

/**
 * Whether a label name needs no quotes: letters, digits and `_`, no digit first.
 *
 * @example isLegacyLabelName("http_method") // true
 */
export function isLegacyLabelName(name: string): boolean {
  return legacyLabelName.test(name);
}
