// Addresses of pages.

/** The parameters of an address; what is undefined or empty is left out. */
export type LinkParameters = Readonly<Record<string, string | number | undefined>>;

/** A path with parameters. */
export function pageLink(path: string, parameters: LinkParameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The page of a trace. */
export function traceLink(traceId: string, spanId?: string): string {
  const link = pageLink(`/traces/${encodeURIComponent(traceId)}`, { span: spanId });
  return spanId === undefined ? link : `${link}#span`;
}

/** The page of an error group. */
export function errorLink(fingerprint: string): string {
  return `/errors/${encodeURIComponent(fingerprint)}`;
}
