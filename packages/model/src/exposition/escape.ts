// Escapes of the text formats: what must not stand as it is inside quotes or on a HELP line.

const inLabelValue = /[\\\n"]/g;
const inHelp = /[\\\n]/g;

/** A label value (or quoted name) ready to stand between double quotes: `\`, `"` and line feeds escaped. */
export function escapeLabelValue(text: string): string {
  return text.replace(inLabelValue, escapeCharacter);
}

/** The text of a HELP line of format 0.0.4, where quotes stand as they are: `\` and line feeds escaped. */
export function escapeHelp(text: string): string {
  return text.replace(inHelp, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}
