// A source map that is none.

import { FlxError } from "@flx/model/errors";

/** A source map that does not follow ECMA-426; nothing of it is used. */
export class SourceMapError extends FlxError {
  override readonly name = "SourceMapError";

  constructor(reason: string) {
    super("FLX_SOURCE_MAP", `not a source map: ${reason}`);
  }
}
