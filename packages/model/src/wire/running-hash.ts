// Hashes of bytes off the wire, for tables of what was seen before.

/** A 32-bit hash that goes on over bytes: Murmur's mixing. */
export class RunningHash {
  value = 0;

  start(): void {
    this.value = 0x9e3779b1 | 0;
  }

  bytes(bytes: Uint8Array, from: number, to: number): void {
    let { value } = this;
    let i = from;
    for (const last = to - 3; i < last; i += 4) {
      const four = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      value = Math.imul(value ^ four, 0x5bd1e995);
      value ^= value >>> 15;
    }
    for (; i < to; i++) {
      value = Math.imul(value ^ bytes[i]!, 0x5bd1e995);
      value ^= value >>> 13;
    }
    this.value = value;
  }

  word(word: number): void {
    this.value = Math.imul(this.value ^ word, 0x5bd1e995);
    this.value ^= this.value >>> 15;
  }
}
