// @flx/monitoring/errors/source-map: source maps by ECMA-426. Pure, for Node and browsers.

export { SourceMapError } from "./problem.ts";
export {
  decodeSourceMap,
  type MapSource,
  type OriginalPosition,
  parseSourceMap,
  type SourceMap,
  type SourceMapOptions,
} from "./source-map.ts";
