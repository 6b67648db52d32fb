// Label names in a path: UTF-8 names may come escaped, since a path has its own meaning for some characters.
//
//   U__http_2e_method   http.method      "U__", then _HEX_ for each character that is none of a-z A-Z 0-9 _ , and __ for _
//
// Source: https://prometheus.io/docs/instrumenting/escaping_schemes/ (values)

const ESCAPED = /_(?:_|([0-9a-fA-F]{1,6})_)/g;

/** The name that is meant; one without the prefix, or not escaped properly, means itself. */
export function unescapedName(given: string): string {
  if (!given.startsWith("U__")) return given;
  const text = given.slice(3);
  let isProper = true;
  const name = text.replaceAll(ESCAPED, (whole, hex: string | undefined) => {
    if (hex === undefined) return "_";
    const point = Number.parseInt(hex, 16);
    if (point <= 0x10_ff_ff && !(point >= 0xd8_00 && point <= 0xdf_ff)) {
      return String.fromCodePoint(point);
    }
    isProper = false;
    return whole;
  });
  return isProper && !/_/.test(text.replaceAll(ESCAPED, "")) ? name : given;
}
