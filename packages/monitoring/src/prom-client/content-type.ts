// The content types a registry can have, as types and as text.

export type Charset = "utf-8";
export type PrometheusMIME = "text/plain";
export type PrometheusMetricsVersion = "0.0.4";
export type OpenMetricsMIME = "application/openmetrics-text";
export type OpenMetricsVersion = "1.0.0";

export type OpenMetricsContentType =
  `${OpenMetricsMIME}; version=${OpenMetricsVersion}; charset=${Charset}`;
export type PrometheusContentType =
  `${PrometheusMIME}; version=${PrometheusMetricsVersion}; charset=${Charset}`;
export type RegistryContentType = PrometheusContentType | OpenMetricsContentType;

/** The Prometheus text format. */
export const prometheusContentType: PrometheusContentType =
  "text/plain; version=0.0.4; charset=utf-8";

/** OpenMetrics text 1.0. */
export const openMetricsContentType: OpenMetricsContentType =
  "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Whether a text is one of the two. */
export function isContentType(text: unknown): text is RegistryContentType {
  return text === prometheusContentType || text === openMetricsContentType;
}
