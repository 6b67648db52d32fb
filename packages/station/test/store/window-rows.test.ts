// Rows of a trace read from windows as DuckDB writes them, compared with what DuckDB reads.

import assert from "node:assert/strict";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { seededRandom, temporaryFolder } from "@flx/testkit";
import { readFooter } from "../../src/store/parquet/footer.ts";
import { WindowRows } from "../../src/store/records/window-rows.ts";

/** As record-files.ts closes a window. */
const AS_WINDOWS = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE 2048";

type Connection = Awaited<ReturnType<DuckDBInstance["connect"]>>;

interface Shape {
  readonly rows: number;
  /** SQL of a row number `i`. */
  readonly high: string;
  readonly low: string;
  readonly text: string;
}

/** A window of rows that are like spans. */
async function writeWindow(connection: Connection, path: string, shape: Shape, how = AS_WINDOWS) {
  await connection.run(
    `COPY (SELECT ${shape.high} AS trace_hi, ${shape.low} AS trace_lo,
             hash(i, 7)::UBIGINT AS span, hash(i // 3)::UBIGINT AS parent,
             (1790000000000000000 + i * 1000003 + hash(i) % 1000)::UBIGINT AS start,
             (hash(i, 3) % 20000000)::UBIGINT AS duration,
             (i % 5)::UTINYINT AS kind, 0::UTINYINT AS status, (hash(i, 5) % 4294967296)::UINTEGER AS flags,
             ['GET /', 'é', ''][1 + i % 3] AS name, ${shape.text} AS attributes,
             if(i % 50 = 0, '{"state":"' || i || '"}', '') AS more
           FROM range(${shape.rows}) t(i) ORDER BY trace_hi, trace_lo, start)
     TO '${path}' (${how})`,
  );
}

const FEW_TEXTS = "'text ' || i % 7";
const SHAPES: Readonly<Record<string, Shape>> = {
  "traces of ten": {
    rows: 10_000,
    high: "hash(i // 10)::UBIGINT",
    low: "hash(i // 10, 1)::UBIGINT",
    text: FEW_TEXTS,
  },
  "traces of one": {
    rows: 5_000,
    high: "hash(i)::UBIGINT",
    low: "hash(i, 1)::UBIGINT",
    text: "repeat(i::VARCHAR, (i % 40)::INTEGER) || 'ü'",
  },
  "ids of 64 bits": {
    rows: 9_000,
    high: "0::UBIGINT",
    low: "hash(i // 4, 1)::UBIGINT",
    text: FEW_TEXTS,
  },
  "ids that share a half": {
    rows: 4_096,
    high: "(i // 100)::UBIGINT",
    low: "(i % 100 // 10)::UBIGINT",
    text: "''",
  },
  "one large trace over row groups": {
    rows: 7_000,
    high: "if(i < 5000, 18446744073709551615::UBIGINT, hash(i)::UBIGINT)",
    low: "if(i < 5000, 1::UBIGINT, hash(i, 1)::UBIGINT)",
    text: "i::VARCHAR",
  },
  "one span": { rows: 1, high: "5::UBIGINT", low: "6::UBIGINT", text: "'x'" },
  none: { rows: 0, high: "5::UBIGINT", low: "6::UBIGINT", text: "'x'" },
};

const wantedOf = (high: bigint, low: bigint, limit = 10_001) => ({
  high,
  low,
  limit,
  left: { characters: 8e6 },
});

function sorted(rows: readonly Readonly<Record<string, unknown>>[]) {
  return rows.toSorted((a, b) => Number((a["start"] as bigint) - (b["start"] as bigint)));
}

async function connect(): Promise<Connection> {
  return await (await DuckDBInstance.create(":memory:")).connect();
}

test("WindowRows gives every trace as DuckDB does, and none that is not there", async () => {
  await using folder = await temporaryFolder("window-rows");
  const connection = await connect();
  const random = seededRandom(7);
  for (const [name, shape] of Object.entries(SHAPES)) {
    const path = folder.file(`${name}.parquet`);
    await writeWindow(connection, path, shape);
    const table = await connection.runAndReadAll(`SELECT * FROM '${path}'`);
    const traces = new Map<string, Record<string, unknown>[]>();
    for (const row of table.getRowObjects()) {
      const key = `${String(row["trace_hi"])} ${String(row["trace_lo"])}`;
      traces.set(key, [...(traces.get(key) ?? []), row]);
    }
    const windows = new WindowRows();
    const keys = [...traces.keys()];
    const some = keys.filter((_, i) => i < 2 || i > keys.length - 3 || random() < 60 / keys.length);
    for (const key of some) {
      const [high, low] = key.split(" ").map(BigInt) as [bigint, bigint];
      const got = await windows.trace(path, wantedOf(high, low));
      assert.deepEqual(sorted(got), sorted(traces.get(key)!), `${name}: ${key}`);
      const three = await windows.trace(path, wantedOf(high, low, 3));
      assert.equal(three.length, Math.min(3, traces.get(key)!.length));
      for (const [h, l] of [
        [high ^ 1n, low],
        [high, low ^ 1n],
        [low, high],
      ] as const) {
        const want = traces.get(`${h} ${l}`) ?? [];
        const other = await windows.trace(path, wantedOf(h, l));
        assert.deepEqual(sorted(other), sorted(want), `${name}: ${h} ${l}`);
      }
    }
  }
});

test("WindowRows opens no window whose ids begin and end elsewhere", async () => {
  await using folder = await temporaryFolder("window-rows");
  const connection = await connect();
  const path = folder.file("window.parquet");
  await writeWindow(connection, path, SHAPES["ids that share a half"]!);
  const windows = new WindowRows();
  assert.equal((await windows.trace(path, wantedOf(7n, 3n))).length, 10);
  await rm(path);
  assert.deepEqual(await windows.trace(path, wantedOf(1_000n, 3n)), []);
  assert.deepEqual(await windows.trace(path, wantedOf(7n, 1_000n)), []);
  await assert.rejects(windows.trace(path, wantedOf(7n, 3n)), { code: "ENOENT" });
});

test("WindowRows reads the filters of ids that DuckDB writes, and no column when they say no", async () => {
  await using folder = await temporaryFolder("window-rows");
  const connection = await connect();
  const path = folder.file("window.parquet");
  await writeWindow(connection, path, { ...SHAPES["traces of ten"]!, rows: 2_000 });
  const windows = new WindowRows();
  assert.deepEqual(await windows.trace(path, wantedOf(1n, 1n)), []);
  // Whatever is in the columns of the ids then: they are not looked at.
  const file = await open(path, "r+");
  const [group] = await readFooter(file);
  const ids = group!.chunks.filter(({ name }) => name.startsWith("trace_"));
  assert.deepEqual(
    ids.map(({ filter }) => filter === undefined),
    [false, false],
  );
  for (const { offset, length } of ids) await file.write(new Uint8Array(length), 0, length, offset);
  await file.close();
  const random = seededRandom(3);
  let looked = 0;
  for (let i = 0; i < 300; i++) {
    const high = BigInt(Math.floor(random() * 2 ** 53)) << 10n;
    await windows.trace(path, wantedOf(high, 1n << 60n)).catch(() => looked++);
  }
  assert.ok(looked < 30, `${looked} of 300 ids were looked for`);
});

test("WindowRows leaves files that are written in another way, and too much text, to the database", async () => {
  await using folder = await temporaryFolder("window-rows");
  const connection = await connect();
  const shape = SHAPES["traces of ten"]!;
  const path = folder.file("snappy.parquet");
  await writeWindow(connection, path, shape, "FORMAT parquet, COMPRESSION snappy");
  const table = await connection.runAndReadAll(`SELECT trace_hi, trace_lo FROM '${path}' LIMIT 1`);
  const [high, low] = table.getRows()[0] as [bigint, bigint];
  const windows = new WindowRows();
  await assert.rejects(windows.trace(path, wantedOf(high, low)), /codec/);

  const plain = folder.file("plain.parquet");
  await writeWindow(connection, plain, shape, "FORMAT parquet, COMPRESSION uncompressed");
  assert.equal((await windows.trace(plain, wantedOf(high, low))).length, 10);
  const little = { ...wantedOf(high, low), left: { characters: 20 } };
  await assert.rejects(windows.trace(plain, little), /too large/);

  const absent = folder.file("absent.parquet");
  await connection.run(
    `COPY (SELECT trace_hi, trace_lo, start, if(i % 2 = 0, NULL, 'x') AS name
           FROM '${path}', range(2) t(i)) TO '${absent}' (${AS_WINDOWS})`,
  );
  await assert.rejects(windows.trace(absent, wantedOf(high, low)), /absent|apart/);
  await writeFile(folder.file("text"), "no Parquet file");
  await assert.rejects(windows.trace(folder.file("text"), wantedOf(1n, 1n)), /no Parquet file/);
});

test("WindowRows ends with damaged files, whatever is damaged", async () => {
  await using folder = await temporaryFolder("window-rows");
  const connection = await connect();
  const path = folder.file("window.parquet");
  await writeWindow(connection, path, { ...SHAPES["traces of ten"]!, rows: 300 });
  const table = await connection.runAndReadAll(`SELECT trace_hi, trace_lo FROM '${path}' LIMIT 1`);
  const [high, low] = table.getRows()[0] as [bigint, bigint];
  const sound = await readFile(path);
  const random = seededRandom(11);
  let failed = 0;
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(sound);
    const at = Math.floor(random() * bytes.length);
    bytes[at] = Math.floor(random() * 256);
    const isCut = i % 10 === 0;
    await writeFile(path, isCut ? bytes.subarray(0, at) : bytes);
    try {
      const rows = await new WindowRows().trace(path, wantedOf(high, low));
      assert.ok(rows.length <= 300);
    } catch (error) {
      assert.ok(error instanceof Error);
      failed++;
    }
  }
  assert.ok(failed >= 30, `${failed} failed`);
});
