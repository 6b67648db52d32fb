// A package's JavaScript as a few files instead of hundreds: what is imported costs 0.3 ms and 70 KB a file, whatever is in it.
//
//   package.json exports                 ──► entries, at the places where tsc would put them; of a command, main.js
//   what is imported when it is needed   ──► a chunk each: flx loads the command that is asked for
//   what several of them need            ──► dist/chunks/, one for each of few entries (`ENTRIES_WITH_CHUNK`)
//   other packages                       ──► imported as they are: there must be one Labels and one FlxError in a process
//   worker threads                       ──► a bundle of its own each, with what it uses of @flx/model: it shares no module
//                                            with anybody, and chunks would bring the whole SDK into its memory (5 MB)
//   import { x } from "node:y"           ──► const { x } = process.getBuiltinModule("node:y")
//   comments                             ──► none: the sources that the maps lead to have them
//   letters that are not in Latin-1      ──► escapes: with one of them V8 keeps a whole file in two bytes a character
//
// A builtin is not imported because an import reads all its exports, getters too, and so loads what stands behind them: with
// node:util a parser of arguments, with node:fs a file watcher and readline; with node:http a WebSocket client.
//
// `new URL("./worker.js", import.meta.url)` names a file beside the source, and "../package.json" one above: in a chunk it has to
// lead there from the chunk.

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type InputOptions, type OutputOptions, type Plugin, rolldown } from "rolldown";

/**
 * What is reached from one of these and from none before it makes a chunk. By itself rolldown makes one for each set of
 * entries that share something: 45 files for `startMonitoring` instead of seven, 20 for `flx up` instead of four.
 */
const ENTRIES_WITH_CHUNK = [
  "write",
  "metrics/index",
  "health/index",
  "errors/index",
  "tracing/index",
  "index",
  "cli/check",
  "cli/up",
  "station-config",
  "start-station",
];

const IMPORT = /^(?:import|export)\s(?!type\b)[^;]*?from\s"(\.[^"]+)";/gm;
const WORKER = /new URL\("(\.\/[^"]+)\.js", import\.meta\.url\)/g;
const BESIDE = /new URL\("(\.\/[^"]+\.js|\.[^"]+\.json)", import\.meta\.url\)/g;
const BUILTIN =
  /^import (?:\{(?<names>[^}]*)\}|(?:\* as )?(?<whole>\w+)) from (?<module>"node:[^"]+");$/gm;
const PLACE = /"flx-place:([^"]+)"/g;
// oxlint-disable-next-line no-control-regex -- all of Latin-1, beginning with them
const NOT_LATIN = /[^\u0000-\u00ff]/g;

/** Writes the bundles of a package into its dist/. */
export async function bundlePackage(folder: string): Promise<void> {
  const chunks = chunkOfModules(folder);
  await writeBundle(
    folder,
    {
      input: exportsOf(folder),
      // Modules are put together by reach, not by what imports them.
      preserveEntrySignatures: "allow-extension",
      external: /^[^./]/,
    },
    {
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ name: (id) => chunks.get(id) ?? null, debugName: "entry" }],
      },
      chunkFileNames: "chunks/[name].js",
    },
  );
  for (const [name, file] of Object.entries(workersOf(folder))) {
    await writeBundle(
      folder,
      {
        input: { [name]: file },
        external: /^(?!@flx\/model\b)[^./]/,
        resolve: { conditionNames: ["@flx/source"] },
      },
      { chunkFileNames: `${dirname(name)}/[name].js` },
    );
  }
}

async function writeBundle(
  folder: string,
  input: InputOptions,
  output: OutputOptions,
): Promise<void> {
  const bundle = await rolldown({
    ...input,
    cwd: folder,
    platform: "node",
    plugins: [placesBeside(folder), builtinsWithoutImport(), latinOnly()],
    logLevel: "warn",
  });
  await bundle.write({
    ...output,
    dir: join(folder, "dist"),
    format: "esm",
    sourcemap: true,
    entryFileNames: "[name].js",
    minifyInternalExports: false,
    comments: { annotation: true, jsdoc: false, legal: false },
  });
  await bundle.close();
}

/** What the package exports, as rolldown names entries: "tracing/index" -> src/tracing/index.ts. */
function exportsOf(folder: string): Record<string, string> {
  const { exports, bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: Record<string, string | Record<string, string>>;
    bin?: Record<string, string>;
  };
  const files = Object.values(exports).map((target) =>
    typeof target === "string" ? target : (target["default"] ?? ""),
  );
  const names = files.filter((file) => file.endsWith(".js")).map((file) => file.slice(7, -3));
  // A command's file in bin/ starts the main module.
  if (bin !== undefined) names.push("main");
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

/** Has the URLs of threads and of package.json lead from the file that the code ends up in. */
function placesBeside(folder: string): Plugin {
  return {
    name: "places-beside",
    // No line moves, so the maps stay as they are: `map: null`.
    transform(code, id) {
      const replaced = code.replaceAll(BESIDE, (_, path: string) => {
        const place = relative(join(folder, "src"), join(dirname(id), path));
        return `new URL("flx-place:${place}", import.meta.url)`;
      });
      return replaced === code ? undefined : { code: replaced, map: null };
    },
    renderChunk(code, chunk) {
      const replaced = code.replaceAll(PLACE, (_, place: string) => {
        const path = relative(dirname(chunk.fileName), place);
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

/**
 * Writes other letters as escapes. Without comments they stand in texts and regular expressions only, where both are the
 * same. Done last, as whoever writes the code anew writes letters.
 */
function latinOnly(): Plugin {
  return {
    name: "latin-only",
    generateBundle(_, files) {
      for (const file of Object.values(files)) {
        if (file.type !== "chunk") continue;
        file.code = file.code.replaceAll(
          NOT_LATIN,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
      }
    },
  };
}
