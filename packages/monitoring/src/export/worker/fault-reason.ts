// Why a receiver could not be asked, on one line, with what is meant where the system's own words say nothing of it: most
// often the address is that of the other protocol.
//
//   http://127.0.0.1:4317/v1/logs: HPE_INVALID_CONSTANT ...; no HTTP/1 is spoken there: OTLP has port 4318 for HTTP, 4317 for gRPC

const PORTS = "OTLP has port 4318 for HTTP, 4317 for gRPC";

/** The reason of an error of a connection. */
export function faultReason(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  const { code } = error as NodeJS.ErrnoException;
  const message = oneLine(error.message);
  const said = code === undefined || message.includes(code) ? message : `${code} ${message}`;
  const meant = meaningOf(code ?? "", message);
  return meant === undefined ? said : `${said}; ${meant}`;
}

function meaningOf(code: string, message: string): string | undefined {
  if (code.startsWith("HPE_")) return `no HTTP/1 is spoken there: ${PORTS}`;
  if (code === "ERR_HTTP2_ERROR") return `no HTTP/2 is spoken there: ${PORTS}`;
  if (/wrong version number|packet length too long/.test(message)) {
    return "no TLS is spoken there: is it http:// and not https://?";
  }
  return undefined;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 1_000);
}
