// What of a frame stays the same when the code around it changes: which module, which function.
//
//   file:///srv/app/dist/orders/place-a1b2c3d4.js : Object.<anonymous> (await in charge)
//   orders/place : <anonymous>
//
//   lines and columns      go: an unrelated line above moves them
//   hashes of bundlers     go: place-a1b2c3d4.js, chunk.9f86d081.js, ?v=123
//   extensions and roots   go: dist/x.js and src/x.ts are the same module
//   names of nobody        go: anonymous, eval, <computed>, a letter or two of a minifier
//
// Pure.

/** A frame as far as a fingerprint needs it; `StackFrame` and frames of other SDKs fit. */
export interface FingerprintFrame {
  readonly file?: string | undefined;
  readonly functionName?: string | undefined;
  /** Of the application's own code; default: decided by the file. */
  readonly isOwn?: boolean | undefined;
}

/** A frame that is asked about again and again: what it adds to a fingerprint is made once. */
export class NormalFrame implements FingerprintFrame {
  readonly file: string | undefined;
  readonly functionName: string | undefined;
  readonly isOwn: boolean;
  #text: string | undefined;

  constructor(file: string | undefined, functionName: string | undefined, isOwn: boolean) {
    this.file = file;
    this.functionName = functionName;
    this.isOwn = isOwn;
  }

  /** `normalFrame` of it. */
  get text(): string {
    return (this.#text ??= normalFrame(this.file, this.functionName));
  }
}

/** Module and function, as they stand in a fingerprint. */
export function normalFrame(file: string | undefined, functionName: string | undefined): string {
  return `${normalizeModule(file ?? "")}:${normalizeFunction(functionName)}`;
}

const FOREIGN = /(?:^|[\\/])node_modules[\\/]|^node:|^(?:internal|native)\b|^\[native|^wasm:/;

/** Whether a frame is of the application's own code. */
export function isOwnFrame({ file, isOwn }: FingerprintFrame): boolean {
  if (isOwn !== undefined) return isOwn;
  return file !== undefined && file !== "" && file !== "<anonymous>" && !FOREIGN.test(file);
}

/** Whether a frame is of the engine itself (`Array.map`): it has no file. */
export function isBuiltIn({ file = "" }: FingerprintFrame): boolean {
  return file === "" || /^(?:<anonymous>$|native\b|\[native)/.test(file);
}

/** Folders that only say how code was built or where it lies. */
const BUILT = new Set([
  "dist",
  "build",
  "out",
  "lib",
  "src",
  ".next",
  "server",
  "esm",
  "cjs",
  "app",
]);

/**
 * The module of a file: its last folders and its name, without what builds put there.
 *
 * @example normalizeModule("/srv/app/dist/orders/place-a1b2c3d4.js") // "orders/place"
 */
export function normalizeModule(file: string): string {
  const path = file
    .slice(0, 2_048)
    .replace(/[?#].*$/, "")
    .replace(/^[a-z][a-z0-9+.-]{1,20}:\/{2,3}[^/]*\/?/i, "")
    .replace(/^[A-Za-z]:/, "")
    .replaceAll("\\", "/");
  const parts = path.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
  const name = moduleName(parts.pop() ?? "");
  const start = Math.max(0, parts.findLastIndex((part) => BUILT.has(part)) + 1);
  const folders = parts.slice(start).slice(-3);
  return [...folders.map(withoutHash), name].filter((part) => part !== "").join("/");
}

function moduleName(file: string): string {
  const name = file.replace(/(?:\.min)?\.(?:[cm]?[jt]sx?|vue|svelte)$/i, "");
  return withoutHash(name);
}

/** Takes away what looks like a hash of content: it has digits and letters, and nothing of a word. */
function withoutHash(name: string): string {
  return name
    .replace(/[-._~](?=[a-zA-Z]*\d)(?=[\d_-]*[a-zA-Z])[0-9a-zA-Z_-]{6,64}$/, "")
    .replace(/[-._~][0-9a-f]{6,64}$/, "")
    .replace(/^[0-9a-f]{16,64}$/, "<hash>");
}

const NOBODY =
  /^(?:<?anonymous>?|<computed>|<unknown>|\?|eval|global code|module code|Module\._compile|_onTimeout)$/i;

/**
 * A function's name without its receiver and without what engines and bundlers call things that have no name.
 *
 * @example normalizeFunction("async Object.charge [as pay]") // "charge"
 */
export function normalizeFunction(name: string | undefined): string {
  if (name === undefined) return "";
  const bare = name
    .slice(0, 512)
    .replace(/ \[as [^\]]*\]$/, "")
    .replace(/ \(.*$/s, "")
    .replace(/^(?:async |new |get |set |static |bound )+/, "")
    .replace(/\/<+$/, "");
  const last = bare.slice(bare.lastIndexOf(".") + 1).replace(/^(?:get |set )?#?/, "");
  if (NOBODY.test(last)) return "";
  // What is left of names when code was made small says nothing, and is another one with each build.
  return /^[$_]?[a-zA-Z]{1,2}\d?$/.test(last) && last !== "at"
    ? ""
    : last.replaceAll(/\d{3,}/g, "<int>");
}
