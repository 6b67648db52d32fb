// Foreign text in the cells of a terminal: nothing that steers it, and as wide as it is drawn, not as it is long.
//
//   "naïve"  5     "日本"  4     "👍🏽"  2     an escape sequence  as spaces
//
// Source: Unicode Standard Annex #11, East Asian Width; emoji are two cells wide.

import { printable } from "../../base/printable.ts";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u;
const EMOJI = /^\p{Emoji_Presentation}|\ufe0f/u;
const INVISIBLE = /^[\p{M}\p{Cf}]+$/u;

/** How many cells a text takes. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment);
  return width;
}

function segmentWidth(segment: string): number {
  if (segment.length === 1 && segment >= " " && segment <= "~") return 1;
  if (INVISIBLE.test(segment)) return 0;
  return WIDE.test(segment) || EMOJI.test(segment) ? 2 : 1;
}

/** A foreign text made harmless and exactly so many cells wide: cut with "…", or filled with spaces. */
export function cell(text: string, width: number, side: "left" | "right" = "left"): string {
  const shown = fitting(printable(text, 4 * width + 16), width);
  const fill = " ".repeat(Math.max(0, width - cellWidth(shown)));
  return side === "left" ? shown + fill : fill + shown;
}

/** As much of a text as fits. */
function fitting(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  let [shown, used] = ["", 0];
  for (const { segment } of segmenter.segment(text)) {
    const wide = segmentWidth(segment);
    if (used + wide > width - 1) break;
    shown += segment;
    used += wide;
  }
  return `${shown}…`;
}
