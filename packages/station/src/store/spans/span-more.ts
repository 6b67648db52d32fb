// What few spans have, as one text of JSON beside the columns; "" for those that have none of it.
//
//   {"state":"vendor=1","message":"declined","dropped":[attributes, events, links],
//    "events":[["nanoseconds after the start","name","attributes",dropped], ...],
//    "links":[["trace","span","state",flags,"attributes",dropped], ...]}
//
// Attributes are texts as attribute-text.ts writes them.

import { attributeText, readAttributeText } from "../records/attribute-text.ts";
import type { SpanEvent, SpanLink, StoredSpan } from "./span-store.ts";

/** The part of a span that is written here. */
export type SpanMore = Pick<
  StoredSpan,
  | "traceState"
  | "statusMessage"
  | "droppedAttributes"
  | "events"
  | "droppedEvents"
  | "links"
  | "droppedLinks"
>;

interface MoreJson {
  readonly state?: string;
  readonly message?: string;
  readonly dropped?: readonly [attributes: number, events: number, links: number];
  readonly events?: readonly (readonly [string, string, string, number])[];
  readonly links?: readonly (readonly [string, string, string, number, string, number])[];
}

/** The text of what a span has more. */
export function spanMoreText(more: SpanMore, startNs: bigint): string {
  const { droppedAttributes, droppedEvents, droppedLinks } = more;
  const json: MoreJson = {
    ...(more.traceState !== "" && { state: more.traceState }),
    ...(more.statusMessage !== "" && { message: more.statusMessage }),
    ...(droppedAttributes + droppedEvents + droppedLinks > 0 && {
      dropped: [droppedAttributes, droppedEvents, droppedLinks],
    }),
    ...(more.events.length > 0 && {
      events: more.events.map(
        (event) =>
          [
            String(event.timeNs - startNs),
            event.name,
            attributeText(event.attributes),
            event.droppedAttributes,
          ] as const,
      ),
    }),
    ...(more.links.length > 0 && {
      links: more.links.map(
        (link) =>
          [
            link.traceId,
            link.spanId,
            link.traceState,
            link.flags,
            attributeText(link.attributes),
            link.droppedAttributes,
          ] as const,
      ),
    }),
  };
  return Object.keys(json).length === 0 ? "" : JSON.stringify(json);
}

/** What the text says. */
export function readSpanMore(text: string, startNs: bigint): SpanMore {
  const json = text === "" ? {} : (JSON.parse(text) as MoreJson);
  const [droppedAttributes, droppedEvents, droppedLinks] = json.dropped ?? [0, 0, 0];
  const events = (json.events ?? []).map(([offset, name, attributes, dropped]): SpanEvent => ({
    timeNs: startNs + BigInt(offset),
    name,
    attributes: readAttributeText(attributes),
    droppedAttributes: dropped,
  }));
  const links = (json.links ?? []).map(
    ([traceId, spanId, traceState, flags, attributes, dropped]): SpanLink => ({
      traceId,
      spanId,
      traceState,
      flags,
      attributes: readAttributeText(attributes),
      droppedAttributes: dropped,
    }),
  );
  return {
    traceState: json.state ?? "",
    statusMessage: json.message ?? "",
    droppedAttributes,
    events,
    droppedEvents,
    links,
    droppedLinks,
  };
}
