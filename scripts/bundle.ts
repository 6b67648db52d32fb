// A package's JavaScript as a few files instead of hundreds: what is imported costs 0.3 ms and 70 KB a file, whatever is in it.
//
//   package.json exports, worker threads ──► entries, at the places where tsc would put them
//   what several of them need            ──► dist/chunks/
//   other packages                       ──► imported as they are: there must be one Labels and one FlxError in a process
//
// `new URL("./worker.js", import.meta.url)` names a file beside the source; in a chunk it has to lead there from the chunk.

import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type Plugin, rolldown } from "rolldown";

const WORKER = /new URL\("(\.\/[^"]+)\.js", import\.meta\.url\)/g;
const PLACE = /"flx-worker:([^"]+)"/g;

/** Writes the bundle of a package into its dist/. */
export async function bundlePackage(folder: string): Promise<void> {
  const bundle = await rolldown({
    cwd: folder,
    input: { ...exportsOf(folder), ...workersOf(folder) },
    platform: "node",
    external: /^[^./]/,
    plugins: [workerPlaces(folder)],
    logLevel: "warn",
  });
  await bundle.write({
    dir: join(folder, "dist"),
    format: "esm",
    sourcemap: true,
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
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
