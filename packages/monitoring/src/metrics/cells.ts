// Some numbers a row, in typed arrays: where counters count, gauges stand and histograms keep their buckets.
//
//   stride 1    row 1500          ->  chunks[1500 >> 10][1500 & 1023]         chunks of 1,024 rows
//   stride 14   row 1500, cell 3  ->  chunks[1500 >> 10][(1500 & 1023) * 14 + 3]
//
// Chunks, because a flat array of 100,000 rows would have to be copied to grow while the service runs. The first chunk
// starts small and doubles, because most metrics have a handful of series. Mutable on purpose: the instruments read and
// write `chunks` directly on their hot paths.

export const CHUNK_BITS = 10;
/** Rows in a chunk. */
export const CHUNK_ROWS: number = 1 << CHUNK_BITS;
export const CHUNK_MASK: number = CHUNK_ROWS - 1;

const FIRST_ROWS = 8;

/** Where the arrays of cells come from: plain memory, or memory that other threads read (fleet/). */
export interface CellMemory {
  /** An array of so many zeros. */
  take(length: number): Float64Array;
  /** Takes an array back whose numbers have moved, or are no longer wanted. */
  release(array: Float64Array): void;
}

/** Arrays of this thread alone. */
export const ownMemory: CellMemory = {
  take: (length) => new Float64Array(length),
  release: () => {},
};

/** A growing table of numbers, all zero at first. */
export class Cells {
  /** Numbers in a row. */
  readonly stride: number;
  readonly chunks: Float64Array[];
  #memory: CellMemory = ownMemory;
  /** Told of each chunk that is new or has moved, before it is used. */
  #onChunk: ((index: number) => void) | undefined;

  constructor(stride = 1) {
    this.stride = stride;
    this.chunks = [new Float64Array(FIRST_ROWS * stride)];
  }

  /** Makes room for a row; true when rows that were there have moved to another array. */
  reserve(row: number): boolean {
    const { chunks, stride } = this;
    const first = chunks[0]!;
    const firstRows = first.length / stride;
    if (row >= firstRows && firstRows < CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, Math.max(firstRows * 2, nextPowerOfTwo(row + 1)));
      this.#move(0, rows * stride);
    }
    while (chunks.length <= row >> CHUNK_BITS) {
      chunks.push(this.#memory.take(CHUNK_ROWS * stride));
      this.#onChunk?.(chunks.length - 1);
    }
    return chunks[0] !== first;
  }

  /** Moves every number to other memory; what has kept a chunk must look it up again. */
  moveTo(memory: CellMemory, onChunk?: (index: number) => void): void {
    const before = [...this.chunks];
    const released = this.#memory;
    this.#memory = memory;
    this.#onChunk = onChunk;
    for (const [index, chunk] of before.entries()) {
      const moved = memory.take(chunk.length);
      moved.set(chunk);
      this.chunks[index] = moved;
      onChunk?.(index);
      released.release(chunk);
    }
  }

  #move(index: number, length: number): void {
    const before = this.chunks[index]!;
    const moved = this.#memory.take(length);
    moved.set(before);
    this.chunks[index] = moved;
    this.#onChunk?.(index);
    this.#memory.release(before);
  }

  /** The first number of a row. */
  get(row: number): number {
    return this.chunks[row >> CHUNK_BITS]![(row & CHUNK_MASK) * this.stride]!;
  }

  /** The numbers of a row, in place. */
  row(row: number): Float64Array {
    const start = (row & CHUNK_MASK) * this.stride;
    return this.chunks[row >> CHUNK_BITS]!.subarray(start, start + this.stride);
  }

  /** Where a row's numbers stand: the chunk, and the position of the first. */
  at(row: number): { chunk: Float64Array; start: number } {
    const chunk = this.chunks[row >> CHUNK_BITS]!;
    return { chunk, start: (row & CHUNK_MASK) * this.stride };
  }

  /** Sets the first number of a row. */
  set(row: number, value: number): void {
    this.chunks[row >> CHUNK_BITS]![(row & CHUNK_MASK) * this.stride] = value;
  }

  /** Every number of a row becomes zero. */
  clearRow(row: number): void {
    this.row(row).fill(0);
  }

  /** Every number becomes zero. */
  clear(): void {
    for (const chunk of this.chunks) chunk.fill(0);
  }
}

function nextPowerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(n));
}
