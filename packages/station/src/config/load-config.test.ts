import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import { MINUTE } from "@flx/model";
import fc from "fast-check";
import { ConfigError } from "./problem.ts";
import { loadConfig, readConfig, readConfigValues } from "./load-config.ts";
import {
  address,
  byteSize,
  choice,
  duration,
  flag,
  number,
  filePath,
  secret,
  secretFile,
  plainText,
  url,
  wholeNumber,
} from "./scalars.ts";
import { type JsonSchema, optional, withDefault } from "./shape.ts";
import { list, mapOfValues, section } from "./structures.ts";

const shape = section({
  interval: withDefault(duration({ minMs: 1 }), MINUTE, "1m"),
  limit: optional(byteSize()),
  ratio: optional(number({ min: 0, max: 1 })),
  count: optional(wholeNumber({ max: 10 })),
  on: withDefault(flag(), false),
  mode: optional(choice(["fast", "exact"])),
  where: optional(url()),
  listen: optional(address()),
  password: optional(secret()),
  password_file: optional(secretFile()),
  folder: optional(filePath()),
  template: optional(plainText({ expands: false })),
  jobs: list(section({ name: plainText({ minLength: 1 }), labels: mapOfValues(plainText()) })),
});

function problemsOf(yaml: string): string[] {
  try {
    readConfig(yaml, shape, { file: "f.yaml" });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split("\n");
  }
  return [];
}

test("readConfig() reads each kind of value", () => {
  const { value } = readConfig(
    `
interval: 1h30m
limit: 512MB
ratio: 0.5
count: 7
on: yes
`.replace("yes", "true") +
      `
mode: exact
where: https://user:pw@example.org/x
listen: :3590
folder: data
template: "\${1}-\${HOME}"
jobs:
  - name: a
    labels: { env: prod, "0": 1 }
  - { name: "007" }
`,
    shape,
    { folder: "/etc/flx" },
  );
  assert.equal(value.interval, 5_400_000);
  assert.equal(value.limit, 512 * 1024 * 1024);
  assert.equal(value.ratio, 0.5);
  assert.equal(value.count, 7);
  assert.equal(value.on, true);
  assert.equal(value.mode, "exact");
  assert.equal(value.where?.password, "pw");
  assert.deepEqual(value.listen, { host: "::", port: 3590 });
  assert.equal(value.folder, "/etc/flx/data");
  assert.equal(value.template, "${1}-${HOME}");
  assert.deepEqual(
    value.jobs.map(({ name, labels }) => [
      name,
      Array.from(labels, (pair) => pair.join("=")).join(),
    ]),
    [
      ["a", "env=prod,0=1"],
      ["007", ""],
    ],
  );
});

test("readConfig() gives defaults for nothing at all", () => {
  for (const yaml of ["", "# only a comment\n", "---\n", "interval:\n"]) {
    const { value } = readConfig(yaml, shape);
    assert.equal(value.interval, 60_000);
    assert.deepEqual(value.jobs, []);
    assert.equal(value.limit, undefined);
  }
});

test("readConfigValues() reads values as readConfig() reads their JSON, and refuses as it does", () => {
  const f = (values: object) => {
    const read = (by: () => { value: unknown; explained: unknown }) => {
      try {
        const { value, explained } = by();
        return inspect({ value, explained }, { depth: 9 });
      } catch (error) {
        return (error as ConfigError).problems.map(({ path, message }) => [path, message]);
      }
    };
    const options = { file: "command line" };
    const got = read(() => readConfigValues(values, shape, options));
    assert.deepEqual(
      got,
      read(() => readConfig(JSON.stringify(values), shape, options)),
    );
    return got;
  };

  f({});
  f({ interval: "5s", limit: "3MB", ratio: 0.5, count: 7, on: true, mode: "fast", template: null });
  assert.deepEqual(f({ count: "many", on: "x", nowhere: [1, { a: "b" }] }).length, 3);
});

test("readConfig() tells every problem with its line and column", () => {
  const f = (yaml: string, ...want: string[]) => assert.deepEqual(problemsOf(yaml), want);

  f(
    "intervall: 5s\non: perhaps\njobs:\n  - nam: a\n",
    "f.yaml:1:1: intervall: there is no such key; did you mean interval?",
    'f.yaml:2:5: on: expected true or false, got "perhaps"',
    "f.yaml:4:5: jobs[0].name: must be given: a text",
    "f.yaml:4:5: jobs[0].nam: there is no such key; did you mean name?",
  );
  f("jobs: {}", "f.yaml:1:7: jobs: expected a list, got a map");
  f("jobs: [1]", "f.yaml:1:8: jobs[0]: expected a map, got a number");
  f("[]", "f.yaml:1:1: expected a map, got a list");
  f("ratio: 2", 'f.yaml:1:8: ratio: expected a number from 0 to 1, got "2"');
  f("count: 1.5", 'f.yaml:1:8: count: expected a whole number from 0 to 10, got "1.5"');
  f("ratio: .nan", 'f.yaml:1:8: ratio: expected a number from 0 to 1, got ".nan"');
  f("mode: exakt", 'f.yaml:1:7: mode: "exakt" is none of these; did you mean exact?');
  f(
    "where: ftp://x/",
    'f.yaml:1:8: where: expected a URL that begins with http:// or https://, got "ftp://x/"',
  );
  f(
    "listen: a:99999",
    'f.yaml:1:9: listen: expected an address like 127.0.0.1:3590, or a port, got "a:99999"',
  );
  assert.match(
    problemsOf("interval: 10 fortnights")[0]!,
    /^f\.yaml:1:11: interval: not a duration/,
  );
  assert.match(problemsOf("on: true\non: false")[0]!, /^f\.yaml:2:1: /);
  assert.match(problemsOf("a: [1, 2")[0]!, /^f\.yaml:1:/);
  assert.match(problemsOf("{a: 1}\n---\n{b: 2}")[0]!, /^f\.yaml:/);
  assert.match(problemsOf("__proto__: 1")[0]!, /there is no such key/);
});

test("readConfig() puts in variables, also as numbers, and tells what is not set", () => {
  const variables = { N: "3", EMPTY: "", NAME: "x" };
  const read = (yaml: string) => readConfig(yaml, shape, { file: "f.yaml", variables }).value;

  assert.equal(read("count: ${N}").count, 3);
  assert.equal(read("jobs: [{name: 'a-${NAME}-$1-${EMPTY:-e}'}]").jobs[0]?.name, "a-x-$1-e");
  assert.equal(read("jobs: [{name: '$${NAME}'}]").jobs[0]?.name, "${NAME}");
  assert.throws(
    () => read("count: ${MISSING}"),
    /f\.yaml:1:8: count: not set in the environment: MISSING/,
  );
  assert.throws(() => read("count: ${constructor}"), /not set/);
});

test("readConfig() explains each value, and shows no secret", async () => {
  const yaml = "interval: 5s\npassword: ${PW}\nwhere: http://u:hunter2@h/\njobs: [{name: a}]\n";
  const variables = { PW: "hunter2" };
  const { value, explained } = readConfig(yaml, shape, { file: "f.yaml", variables });
  assert.equal(await value.password?.reveal(), "hunter2");
  assert.deepEqual(
    explained.find(({ path: each }) => each === "interval"),
    {
      path: "interval",
      shown: "5s",
      source: "f.yaml:1",
    },
  );
  assert.deepEqual(
    explained.find(({ path: each }) => each === "password"),
    {
      path: "password",
      shown: "<secret>",
      source: "f.yaml:2 with PW",
    },
  );
  assert.equal(explained.find(({ path: each }) => each === "on")?.source, "default");
  const everything = JSON.stringify(explained) + JSON.stringify(value.password) + inspect(value);
  assert.ok(!JSON.stringify(explained).includes("hunter2"));
  assert.ok(!JSON.stringify(value.password).includes("hunter2"));
  assert.ok(!`${String(value.password)}${inspect(value.password)}`.includes("hunter2"));
  assert.ok(everything.length > 0);
});

test("readConfig() describes its shape as JSON Schema", () => {
  const schema = shape.jsonSchema as { properties: Record<string, JsonSchema> };
  assert.deepEqual(schema.properties["on"], { type: "boolean", default: false });
  assert.deepEqual(schema.properties["mode"], { enum: ["fast", "exact"] });
  assert.equal(shape.jsonSchema["additionalProperties"], false);
});

test("readConfig() follows anchors and merges, and bounds what they unfold into", () => {
  const { value } = readConfig(
    "x: 1\n".replace("x: 1\n", "") +
      "jobs:\n  - &a { name: a, labels: &l { k: v } }\n  - { <<: *a, name: b }\n  - *a\n",
    shape,
  );
  assert.deepEqual(
    value.jobs.map(({ name, labels }) => [name, labels.get("k")]),
    [
      ["a", "v"],
      ["b", "v"],
      ["a", "v"],
    ],
  );
  const levels = Array.from(
    { length: 12 },
    (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 10 }, () => `*a${i}`).join(", ")}]`,
  );
  assert.throws(() => readConfig(`a0: &a0 x\n${levels.join("\n")}`, shape), ConfigError);
  assert.throws(() => readConfig("a: &a [*a]", shape), ConfigError);
  assert.throws(() => readConfig("[".repeat(10_000), shape), ConfigError);
  assert.throws(() => readConfig("x".repeat(5_000_000), shape), ConfigError);
});

test("readConfig() survives any text", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc
          .array(
            fc.constantFrom(
              "jobs",
              ":",
              " ",
              "\n",
              "- ",
              "{",
              "}",
              "[",
              "]",
              "&a",
              "*a",
              "<<",
              '"',
              "name",
              "!!str",
              "|",
              ">",
            ),
            {
              maxLength: 30,
            },
          )
          .map((parts) => parts.join("")),
      ),
      (yaml) => {
        try {
          readConfig(yaml, shape);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test("loadConfig() reads a file, its secrets beside it, and says what cannot be read", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "flx-config-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "flx.yaml"), "password_file: pw\nfolder: data\n");
  await writeFile(join(folder, "pw"), "s3cret\n");
  const { value } = await loadConfig(join(folder, "flx.yaml"), shape);
  assert.equal(value.folder, join(folder, "data"));
  assert.equal(await value.password_file?.reveal(), "s3cret");
  await writeFile(join(folder, "pw"), "rotated");
  assert.equal(await value.password_file?.reveal(), "rotated");
  await rm(join(folder, "pw"));
  await assert.rejects(value.password_file!.reveal(), { code: "FLX_CONFIG_SECRET" });
  await assert.rejects(loadConfig(join(folder, "none.yaml"), shape), { code: "FLX_CONFIG_FILE" });
});
