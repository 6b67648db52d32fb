// Puts the fields of one message together. Messages of checks are small, so each field is a buffer of its own.

/** Builds a message, field by field. */
export class ByteWriter {
  readonly #parts: Buffer[] = [];

  u8(value: number): this {
    return this.bytes(Buffer.of(value));
  }

  u16be(value: number): this {
    const part = Buffer.alloc(2);
    part.writeUInt16BE(value);
    return this.bytes(part);
  }

  i16be(value: number): this {
    const part = Buffer.alloc(2);
    part.writeInt16BE(value);
    return this.bytes(part);
  }

  i32be(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    return this.bytes(part);
  }

  u32be(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32BE(value);
    return this.bytes(part);
  }

  i32le(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32LE(value);
    return this.bytes(part);
  }

  u32le(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    return this.bytes(part);
  }

  f64le(value: number): this {
    const part = Buffer.alloc(8);
    part.writeDoubleLE(value);
    return this.bytes(part);
  }

  bytes(value: Uint8Array): this {
    this.#parts.push(Buffer.from(value));
    return this;
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value));
  }

  zeroEnded(value: string): this {
    return this.text(value).u8(0);
  }

  zeros(length: number): this {
    return this.bytes(Buffer.alloc(length));
  }

  /** The message. */
  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
