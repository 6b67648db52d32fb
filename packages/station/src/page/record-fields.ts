// Attributes of spans and log records as names and values for people.

import { valueText } from "@flx/model";
import type { Attributes } from "../store/stored-record.ts";

const MAX_FIELDS = 60;
const MAX_VALUE = 1_000;

/** The first of the attributes; long values are cut. */
export function attributeFields(
  attributes: Attributes,
): readonly { readonly name: string; readonly value: string }[] {
  return attributes.slice(0, MAX_FIELDS).map(([name, value]) => {
    const text = valueText(value);
    return { name, value: text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text };
  });
}
