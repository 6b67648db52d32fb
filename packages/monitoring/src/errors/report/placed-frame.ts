// A frame of which is known where it was written and whose it is.

import type { NormalFrame } from "../fingerprint/normalize-frame.ts";
import type { StackFrame } from "../stack/parse-stack.ts";
import type { FrameOwner } from "./report.ts";
import type { SourcePlace } from "./source-files.ts";

/** A frame with its place in the sources. */
export interface PlacedFrame {
  readonly frame: StackFrame;
  readonly place: SourcePlace | undefined;
  readonly owner: FrameOwner;
  readonly packageName: string | undefined;
  /** For fingerprints. */
  readonly normal: NormalFrame;
}
