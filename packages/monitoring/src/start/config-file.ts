// OpenTelemetry's declarative configuration (OTEL_CONFIG_FILE, schema 1.0 and 1.1), the parts that concern us.
//
//   file_format: "1.1"
//   resource: { attributes: [{ name: service.name, value: "${SERVICE:-orders}" }] }
//   tracer_provider:
//     processors: [{ batch: { exporter: { otlp_http: { endpoint: http://collector:4318/v1/traces } } } }]
//     sampler: { parent_based: { root: { trace_id_ratio_based: { ratio: 0.1 } } } }
//   distribution: { flx: { admin: { port: 9100 } } }        settings of ours, named as in the options
//
// The file gives values for settings (settings.ts); what it does not say is left to variables and defaults. What it says and we
// do not do is named, with its line: nobody shall believe that a view or a console exporter is there when it is not.
//
// `${NAME}`, `${env:NAME}` and `${NAME:-default}` inside values stand for variables, `$$` for a dollar sign.
//
// The file is one that the service's owner wrote, but it is bounded all the same: size, depth, aliases.
//
// Source: https://opentelemetry.io/docs/specs/otel/configuration/data-model/

import { FlxError } from "@flx/model/errors";
import { readFileSync, statSync } from "node:fs";
import { isAlias, isMap, LineCounter, type Node, parseDocument } from "yaml";
import { configSchema } from "./config-schema.ts";
import { ConfigTree, type FileValue, type UnsupportedPart } from "./config-tree.ts";

/** What a file says. */
export interface FileValues {
  readonly values: ReadonlyMap<string, FileValue>;
  readonly unsupported: readonly UnsupportedPart[];
}

const MAX_BYTES = 1024 * 1024;

/** Variables that `${...}` stands for. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the file.
 *
 * @throws {FlxError} `FLX_CONFIG_FILE` when it cannot be read, is too large, is no YAML, or of another format
 */
export function readConfigFile(path: string, env: Environment): FileValues {
  let text: string;
  try {
    if (statSync(path).size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new FlxError("FLX_CONFIG_FILE", `${path}: ${(cause as Error).message}`, { cause });
  }
  return parseConfig(text, path, env);
}

/** Reads the text of a file; errors as `readConfigFile`. */
export function parseConfig(text: string, path: string, env: Environment): FileValues {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", merge: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    const [message = "it is no YAML"] = error.message.split("\n");
    throw new FlxError("FLX_CONFIG_FILE", `${path}:${line}:${col}: ${message}`);
  }
  const resolve = (node: Node): Node | undefined => {
    return isAlias(node) ? node.resolve(document) : node;
  };
  const tree = new ConfigTree({ file: path, env, lines, resolve });
  const root = document.contents;
  if (!isMap<Node, Node | null>(root)) {
    throw new FlxError("FLX_CONFIG_FILE", `${path}:1:1: a file begins with file_format: "1.1"`);
  }
  const format = root.get("file_format", true);
  const version = format === undefined ? "" : String(tree.plain(format));
  if (!/^1\.\d+$/.test(version)) {
    const got = version === "" ? "nothing" : JSON.stringify(version.slice(0, 20));
    throw tree.wrong(format ?? root, "file_format", `must be "1.0" or "1.1", got ${got}`);
  }
  tree.walk(root, "", configSchema(tree));
  return { values: tree.values, unsupported: tree.unsupported };
}
