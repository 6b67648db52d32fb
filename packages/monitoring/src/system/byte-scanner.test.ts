import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteScanner, NO_NUMBER } from "./byte-scanner.ts";

const scan = (text: string) => new ByteScanner(new TextEncoder().encode(text));

test("integer() reads an unsigned number after blanks", () => {
  const f = (text: string, want: number) => assert.equal(scan(text).integer(), want);

  f("42", 42);
  f(" \t7 8", 7);
  f("18446744073709551615", 2 ** 64);
  f("", NO_NUMBER);
  f("-1", NO_NUMBER);
  f("max", NO_NUMBER);
  f("\n5", NO_NUMBER);
  f("1".repeat(21), NO_NUMBER);
  f("9".repeat(400), NO_NUMBER);
});

test("decimal() reads a number that may have a fraction", () => {
  const f = (text: string, want: number) => assert.equal(scan(text).decimal(), want);

  f("0.03", 0.03);
  f("45.99 x", 45.99);
  f("7", 7);
  f("7.", NO_NUMBER);
  f(".5", NO_NUMBER);
  f(`1.${"3".repeat(21)}`, NO_NUMBER);
});

test("take() goes behind the text when it is there", () => {
  const scanner = scan("cpu0 1");
  assert.equal(scanner.take("cpu "), false);
  assert.equal(scanner.at, 0);
  assert.equal(scanner.take("cpu"), true);
  assert.equal(scanner.integer(), 0);
  assert.equal(scanner.take(" 1 and more than there is"), false);
});

test("nextLine() goes to the next line or the end", () => {
  const scanner = scan("a\nb");
  scanner.nextLine();
  assert.equal(scanner.at, 2);
  scanner.nextLine();
  assert.equal(scanner.done, true);
});

test("word() and skipWords() stay in their line", () => {
  const scanner = scan("a  bc\td\ne");
  scanner.skipWords(1);
  assert.deepEqual([...scanner.word()], [98, 99]);
  assert.deepEqual([...scanner.word()], [100]);
  assert.deepEqual([...scanner.word()], []);
  scanner.skipWords(3);
  assert.equal(scanner.at, 7);
});
