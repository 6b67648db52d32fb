// Ids of traces and spans: random 32-bit words, turned into hexadecimal text only when somebody asks.
//
// The words come from xoshiro128**, seeded by V8's random numbers (which the system has seeded), the clock and the process:
// ids must be unlikely to meet, not secret. Asking the system costs 80 ns a span even for 4 KB at a time, and asking it once
// loads Node's cryptography into every service: 7 ms, 3 MB. Ids as words go straight into the exported bytes; the text
// is needed by headers, logs, exemplars and the API.
//
// Source of the generator: https://prng.di.unimi.it/xoshiro128starstar.c (public domain)

import type { TraceIdWords } from "@flx/model/write";

const seedWord = (more: number): number => ((Math.random() * 2 ** 32) ^ more) | 0;

let state0 = seedWord(0);
let state1 = seedWord(Number(process.hrtime.bigint() & 0xffff_ffffn));
let state2 = seedWord(process.pid);
let state3 = seedWord(Date.now());
// All zero is the one state it never leaves.
state0 |= 1;

/** A random word of 32 bits, with a sign that means nothing. */
export function randomWord(): number {
  const times5 = Math.imul(state1, 5);
  const result = Math.imul((times5 << 7) | (times5 >>> 25), 9);
  const shifted = state1 << 9;
  state2 ^= state0;
  state3 ^= state1;
  state1 ^= state2;
  state0 ^= state3;
  state2 ^= shifted;
  state3 = (state3 << 11) | (state3 >>> 21);
  return result;
}

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** Eight hexadecimal digits. */
export function hexOfWord(word: number): string {
  return (
    hexOfByte[word >>> 24]! +
    hexOfByte[(word >>> 16) & 255]! +
    hexOfByte[(word >>> 8) & 255]! +
    hexOfByte[word & 255]!
  );
}

/** The word of eight hexadecimal digits that start at `at`. */
export function wordOfHex(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + 8), 16) | 0;
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** Whether a text is 32 lower-case hexadecimal digits, not all zero. */
export function isTraceId(text: unknown): text is string {
  return typeof text === "string" && TRACE_ID.test(text) && text !== "0".repeat(32);
}

/** Whether a text is 16 lower-case hexadecimal digits, not all zero. */
export function isSpanId(text: unknown): text is string {
  return typeof text === "string" && SPAN_ID.test(text) && text !== "0".repeat(16);
}

/** A trace id, as words and, once asked for, as text. */
export class TraceId implements TraceIdWords {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  #hex: string | undefined;

  constructor(word0: number, word1: number, word2: number, word3: number, hex?: string) {
    this.word0 = word0;
    this.word1 = word1;
    this.word2 = word2;
    this.word3 = word3;
    this.#hex = hex;
  }

  /** A new random one. */
  static random(): TraceId {
    // The first word is not zero, so the whole is not: one id in four thousand million is lost by that.
    return new TraceId(randomWord() || 1, randomWord(), randomWord(), randomWord());
  }

  /** The id that a text says; it must be one (`isTraceId`). */
  static fromHex(hex: string): TraceId {
    return new TraceId(
      wordOfHex(hex, 0),
      wordOfHex(hex, 8),
      wordOfHex(hex, 16),
      wordOfHex(hex, 24),
      hex,
    );
  }

  /** 32 hexadecimal digits. */
  get hex(): string {
    return (this.#hex ??=
      hexOfWord(this.word0) +
      hexOfWord(this.word1) +
      hexOfWord(this.word2) +
      hexOfWord(this.word3));
  }
}
