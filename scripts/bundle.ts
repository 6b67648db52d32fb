// A package's JavaScript as a few files instead of hundreds: what is imported costs 0.3 ms and 70 KB a file, whatever is in it.
//
//   package.json exports, worker threads ──► entries, at the places where tsc would put them
//   what several of them need            ──► dist/chunks/, one for each of few entries (`ENTRIES_WITH_CHUNK`)
//   other packages                       ──► imported as they are: there must be one Labels and one FlxError in a process
//   import { x } from "node:y"           ──► const { x } = process.getBuiltinModule("node:y")
//
// The last because an import of a builtin reads all its exports, getters too, and so loads what stands behind them: with
// node:util a parser of arguments, with node:fs a file watcher and readline; with node:http a WebSocket client.
//
// `new URL("./worker.js", import.meta.url)` names a file beside the source; in a chunk it has to lead there from the chunk.

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type Plugin, rolldown } from "rolldown";

/**
 * What is reached from one of these and from none before it makes a chunk. By itself rolldown makes one for each set of
 * entries that share something: 45 files for `startMonitoring` instead of seven.
 */
const ENTRIES_WITH_CHUNK = [
  "write",
  "metrics/index",
  "health/index",
  "errors/index",
  "tracing/index",
  "index",
];

const IMPORT = /^(?:import|export)\s(?!type\b)[^;]*?from\s"(\.[^"]+)";/gm;
const WORKER = /new URL\("(\.\/[^"]+)\.js", import\.meta\.url\)/g;
const BUILTIN =
  /^import (?:\{(?<names>[^}]*)\}|(?:\* as )?(?<whole>\w+)) from (?<module>"node:[^"]+");$/gm;
const PLACE = /"flx-worker:([^"]+)"/g;

/** Writes the bundle of a package into its dist/. */
export async function bundlePackage(folder: string): Promise<void> {
  const bundle = await rolldown({
    cwd: folder,
    input: { ...exportsOf(folder), ...workersOf(folder) },
    platform: "node",
    // Modules are put together by reach, not by what imports them.
    preserveEntrySignatures: "allow-extension",
    external: /^[^./]/,
    plugins: [workerPlaces(folder), builtinsWithoutImport()],
    logLevel: "warn",
  });
  const chunks = chunkOfModules(folder);
  await bundle.write({
    dir: join(folder, "dist"),
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ name: (id) => chunks.get(id) ?? null, debugName: "entry" }],
    },
    format: "esm",
    sourcemap: true,
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    minifyInternalExports: false,
  });
  await bundle.close();
}

/** What the package exports, as rolldown names entries: "tracing/index" -> src/tracing/index.ts. */
function exportsOf(folder: string): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: Record<string, string | Record<string, string>>;
  };
  const files = Object.values(exports).map((target) =>
    typeof target === "string" ? target : (target["default"] ?? ""),
  );
  const names = files.filter((file) => file.endsWith(".js")).map((file) => file.slice(7, -3));
  return Object.fromEntries(names.map((name) => [name, join(folder, "src", `${name}.ts`)]));
}

/** Which chunk a module goes into, for those that many entries need. */
function chunkOfModules(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visit = (file: string, chunk: string): void => {
    if (found.has(file)) return;
    found.set(file, chunk);
    for (const [, path] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      visit(join(dirname(file), path!), chunk);
    }
  };
  for (const entry of ENTRIES_WITH_CHUNK) {
    const file = join(folder, "src", `${entry}.ts`);
    if (existsSync(file)) visit(file, entry.replace("/index", ""));
  }
  return found;
}

/** The files that sources start as threads. */
function workersOf(folder: string): Record<string, string> {
  const sources = globSync("src/**/*.ts", { cwd: folder });
  const names = sources.flatMap((source) => {
    const text = readFileSync(join(folder, source), "utf8");
    return [...text.matchAll(WORKER)].map(([, path]) =>
      relative("src", join(dirname(source), path!)),
    );
  });
  return Object.fromEntries(names.map((name) => [name, join(folder, "src", `${name}.ts`)]));
}

/** Has the URLs of threads lead from the file that the code ends up in. */
function workerPlaces(folder: string): Plugin {
  return {
    name: "worker-places",
    // No line moves, so the maps stay as they are: `map: null`.
    transform(code, id) {
      const replaced = code.replaceAll(WORKER, (_, path: string) => {
        const place = relative(join(folder, "src"), join(dirname(id), path));
        return `new URL("flx-worker:${place}", import.meta.url)`;
      });
      return replaced === code ? undefined : { code: replaced, map: null };
    },
    renderChunk(code, chunk) {
      const replaced = code.replaceAll(PLACE, (_, place: string) => {
        const path = relative(dirname(chunk.fileName), `${place}.js`);
        return JSON.stringify(path.startsWith(".") ? path : `./${path}`);
      });
      return replaced === code ? undefined : { code: replaced, map: null };
    },
  };
}

/** Takes from builtins what is used of them, and no more. */
function builtinsWithoutImport(): Plugin {
  return {
    name: "builtins-without-import",
    renderChunk(code) {
      const replaced = code.replaceAll(BUILTIN, (...match) => {
        const { names, whole, module } = match.at(-1) as Record<string, string | undefined>;
        const left = whole ?? `{${names!.replaceAll(" as ", ": ")}}`;
        return `const ${left} = globalThis.process.getBuiltinModule(${module});`;
      });
      return replaced === code ? undefined : { code: replaced, map: null };
    },
  };
}
