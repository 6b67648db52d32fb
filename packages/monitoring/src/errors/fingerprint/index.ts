// @flx/monitoring/errors/fingerprint: which errors are the same error. Pure, for Node and browsers.

export {
  componentsOf,
  fingerprint,
  type FingerprintInput,
  type FingerprintOptions,
  type FingerprintRule,
} from "./fingerprint.ts";
export {
  type FingerprintFrame,
  isOwnFrame,
  normalizeFunction,
  normalizeModule,
} from "./normalize-frame.ts";
export { parseStack, type StackFrame } from "../stack/parse-stack.ts";
export { parameterizeMessage } from "./parameterize-message.ts";
