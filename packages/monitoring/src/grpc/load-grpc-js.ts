// grpc-js, loaded when it is needed: it takes longer to load than everything else here together.

import { FlxError } from "@flx/model/errors";

type GrpcJs = typeof grpcJs;
import type * as grpcJs from "@grpc/grpc-js";

/**
 * Loads the application's grpc-js.
 *
 * @throws {FlxError} `FLX_GRPC_JS` when it is not installed
 */
export async function loadGrpcJs(): Promise<GrpcJs> {
  try {
    return await import("@grpc/grpc-js");
  } catch (cause) {
    throw new FlxError("FLX_GRPC_JS", "install @grpc/grpc-js: npm install @grpc/grpc-js", {
      cause,
    });
  }
}
