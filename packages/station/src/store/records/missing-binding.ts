// DuckDB's native part is a package for each system, which npm installs as an optional dependency: with --omit=optional, on a
// system there is none for, or with an older C library it is not there, and Node says so in words about its own files.

import { FlxError } from "@flx/model";

const NAMES = /@duckdb[/\\]node-bindings|duckdb\.node|duckdb native binding/;

/** The error of a missing native part, with what to do; undefined for any other. */
export function missingBinding(error: unknown): FlxError | undefined {
  const { message = "" } = (error ?? {}) as Partial<Error>;
  if (!NAMES.test(message)) return undefined;
  const system = `${process.platform}-${process.arch}`;
  const [reason = ""] = message.split("\n");
  return new FlxError(
    "FLX_STORE_BINDING",
    `spans, logs and errors are kept in DuckDB, whose native part for ${system} cannot be loaded: ${reason}. ` +
      "It comes as an optional package: install again without --omit=optional and --no-optional, on Linux with glibc 2.28 or " +
      "musl, macOS or Windows, x64 or arm64",
    { cause: error },
  );
}
