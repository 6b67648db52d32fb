// Where the parser is: the current token, the limits, and how to say that something else was expected.
//
// `context` is what Prometheus' messages name after "in": the innermost construct that is being read.

import { Lexer } from "../lex/lexer.ts";
import { describeToken, type TokenKind } from "../lex/token.ts";
import { PromqlParseError, type PromqlParseErrorCode } from "../parse-error.ts";
import type { Span } from "../ast/nodes.ts";
import {
  DEFAULT_PARSE_LIMITS,
  type ExperimentalFeatures,
  experimentalFeatures,
  type ParseLimits,
  type ParseOptions,
} from "./options.ts";

/** The token stream with what all parts of the parser share. */
export class Cursor {
  readonly query: string;
  readonly features: ExperimentalFeatures;
  readonly limits: ParseLimits;
  /** Named in the message when nothing more precise is known. */
  context = "";
  /** End of the token that was read last. */
  lastEnd = 0;
  /** Height of the tree that was read last. */
  height = 0;
  readonly #lexer: Lexer;
  #depth = 0;
  #nodes = 0;

  /** @throws {PromqlParseError} when the query is too long, or its first token is none */
  constructor(query: string, options: ParseOptions) {
    this.query = query;
    this.features = experimentalFeatures(options.experimental);
    this.limits =
      options.limits === undefined
        ? DEFAULT_PARSE_LIMITS
        : { ...DEFAULT_PARSE_LIMITS, ...options.limits };
    if (query.length > this.limits.maxLength) {
      throw new PromqlParseError(
        "",
        { start: 0, end: 0 },
        `query of ${query.length} characters is longer than ${this.limits.maxLength}`,
        "raise limits.maxLength, or split the query into recording rules",
        "FLX_PROMQL_LENGTH",
      );
    }
    this.#lexer = new Lexer(query);
    this.#lexer.next();
  }

  /** Of the current token. A plain string for the compiler, since reading on changes it. */
  get kind(): string {
    return this.#lexer.kind;
  }

  get start(): number {
    return this.#lexer.start;
  }

  get end(): number {
    return this.#lexer.end;
  }

  /** The name, or the content of the string, that the current token is. */
  get value(): string {
    return this.#lexer.value;
  }

  get text(): string {
    return this.#lexer.text;
  }

  /** Where the current token stands. */
  get span(): Span {
    return { start: this.#lexer.start, end: this.#lexer.end };
  }

  /** On to the next token. */
  advance(): void {
    this.lastEnd = this.#lexer.end;
    this.#lexer.next();
  }

  /** Takes the token when it is of this kind. */
  accept(kind: TokenKind): boolean {
    if (this.#lexer.kind !== kind) return false;
    this.advance();
    return true;
  }

  /** Takes a token that must be there. */
  expect(kind: TokenKind, context: string, expected: string, hint?: string): void {
    if (this.#lexer.kind !== kind) throw this.unexpected(context, expected, hint);
    this.advance();
  }

  /** The error for a token that cannot stand here, in Prometheus' words. */
  unexpected(context: string = this.context, expected = "", hint?: string): PromqlParseError {
    let reason = `unexpected ${describeToken(this.kind, this.text)}`;
    if (context !== "") reason += ` in ${context}`;
    if (expected !== "") reason += `, expected ${expected}`;
    return this.fault(this.span, reason, hint);
  }

  fault(
    span: Span,
    reason: string,
    hint?: string,
    code: PromqlParseErrorCode = "FLX_PROMQL_PARSE",
  ): PromqlParseError {
    return new PromqlParseError(
      this.query,
      { start: span.start, end: span.end },
      reason,
      hint,
      code,
    );
  }

  /** One level of nesting more; `leave()` when it ends. */
  enter(): void {
    if (++this.#depth > this.limits.maxDepth) throw this.#tooDeep();
  }

  leave(): void {
    this.#depth--;
  }

  /** A node was made whose highest child has this height. */
  made(childHeight: number): void {
    this.height = childHeight + 1;
    if (this.height > this.limits.maxDepth) throw this.#tooDeep();
    if (++this.#nodes > this.limits.maxNodes) {
      throw this.fault(
        this.span,
        `query has more than ${this.limits.maxNodes} parts`,
        "raise limits.maxNodes, or split the query into recording rules",
        "FLX_PROMQL_NODES",
      );
    }
  }

  #tooDeep(): PromqlParseError {
    return this.fault(
      this.span,
      `query is nested deeper than ${this.limits.maxDepth} levels`,
      "raise limits.maxDepth, or split the query into recording rules",
      "FLX_PROMQL_DEPTH",
    );
  }
}
