// How far a queue is sent, on disk: one small file that is written over in place.
//
//   sent    segment u64 │ offset u64 │ CRC-32 u32        little-endian, 20 bytes
//
// It is not synced: a process that dies leaves it right, a machine that dies may leave an older one, and then the same
// samples are sent twice. What is no position (half written) means: from the beginning of what is there.

import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { LogPosition } from "../log/log.ts";

const SIZE = 20;

/** The file of a position. */
export class QueuePosition implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #bytes = Buffer.alloc(SIZE);

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens the file; undefined when it says nothing. */
  static async open(path: string): Promise<[QueuePosition, LogPosition | undefined]> {
    // "a+" would write at the end only; "r+" wants the file to be there.
    await (await open(path, "a", 0o640)).close();
    const file = await open(path, "r+");
    const bytes = Buffer.alloc(SIZE);
    const { bytesRead } = await file.read(bytes, 0, SIZE, 0);
    const isGood =
      bytesRead === SIZE && crc32(bytes.subarray(0, SIZE - 4)) === bytes.readUInt32LE(SIZE - 4);
    const found = {
      segment: Number(bytes.readBigUInt64LE(0)),
      offset: Number(bytes.readBigUInt64LE(8)),
    };
    return [new QueuePosition(file), isGood ? found : undefined];
  }

  async write({ segment, offset }: LogPosition, isSynced = false): Promise<void> {
    const bytes = this.#bytes;
    bytes.writeBigUInt64LE(BigInt(segment), 0);
    bytes.writeBigUInt64LE(BigInt(offset), 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, SIZE - 4)), SIZE - 4);
    await this.#file.write(bytes, 0, SIZE, 0);
    if (isSynced) await this.#file.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
