// The body of a request that sends several items of a queue at once, as the message that is sent now.
//
//   one of that message        as it is
//   1.0, all                   requests are lists: one after the other they are the list of both
//   2.0, all                   joined with their symbols numbered anew
//   of the other message       converted first

import {
  joinWriteRequestsV2,
  readSnappy,
  writeRequestToV1,
  writeRequestToV2,
  writeSnappy,
} from "@flx/model";
import type { QueueItem } from "./durable-queue.ts";
import { WRITE_V1, type WriteMessage } from "./write-message.ts";

const MAX_PLAIN_BYTES = 256 * 1024 * 1024;

/**
 * A snappy block.
 *
 * @throws {FlxError} `FLX_SNAPPY_MALFORMED`, `FLX_SNAPPY_LIMIT`, `FLX_WIRE_MALFORMED` when an item is no request
 */
export function joinedBody(items: readonly QueueItem[], message: WriteMessage): Uint8Array {
  const [first] = items;
  if (items.length === 1 && first!.message === message) return first!.body;
  const requests = items.map((item) => plainRequest(item, message));
  return writeSnappy(
    message === WRITE_V1 ? Buffer.concat(requests) : joinWriteRequestsV2(requests),
  );
}

function plainRequest(item: QueueItem, message: WriteMessage): Uint8Array {
  const plain = readSnappy(item.body, MAX_PLAIN_BYTES);
  if (item.message === message) return plain;
  return message === WRITE_V1 ? writeRequestToV1(plain) : writeRequestToV2(plain);
}
