// OpenTelemetry's schema of the declarative configuration, as shapes (config-tree.ts): which key is which setting of ours.
//
// Source: https://github.com/open-telemetry/opentelemetry-configuration, schema 1.1

import { isMap, type Node } from "yaml";
import type { Signal } from "../export/signal.ts";
import type { ConfigTree, Shape, ShapeParts } from "./config-tree.ts";
import { DETECTOR_WORDS, PROPAGATOR_NAMES, SETTING_NAMES } from "./settings.ts";

/** Accepted and without meaning for us: our bounds are others, and as tight. */
const BOUNDED_OTHERWISE: Shape = () => {};

/** The shape of the whole file. */
export function configSchema(tree: ConfigTree): ShapeParts {
  return {
    file_format: () => {},
    disabled: "disabled",
    resource: resourceShape(tree),
    attribute_limits: {
      attribute_count_limit: general(tree, "tracing.limits.attributes"),
      attribute_value_length_limit: general(tree, "tracing.limits.valueLength"),
      attribute_value_depth_limit: general(tree, "tracing.limits.valueDepth"),
    },
    propagator: propagatorShape(tree),
    tracer_provider: {
      processors: processors(tree, "traces"),
      sampler: sampler(tree),
      limits: {
        attribute_count_limit: special(tree, "tracing.limits.attributes"),
        attribute_value_length_limit: special(tree, "tracing.limits.valueLength"),
        attribute_value_depth_limit: special(tree, "tracing.limits.valueDepth"),
        event_count_limit: "tracing.limits.events",
        link_count_limit: "tracing.limits.links",
        event_attribute_count_limit: "tracing.limits.attributesPerEvent",
        link_attribute_count_limit: "tracing.limits.attributesPerLink",
      },
    },
    meter_provider: { readers: readers(tree), exemplar_filter: "metrics.exemplars" },
    logger_provider: { processors: processors(tree, "logs") },
    distribution: { flx: (node, path) => ours(tree, node, path, "") },
  };
}

/** A limit for everything: one for spans, before or after it in the file, counts more. */
function general(tree: ConfigTree, name: string): Shape {
  return (node) => {
    if (!tree.values.has(name)) tree.put(name, tree.plain(node), node);
  };
}

function special(tree: ConfigTree, name: string): Shape {
  return (node) => tree.put(name, tree.plain(node), node);
}

function resourceShape(tree: ConfigTree): ShapeParts {
  return {
    attributes: nameValues(tree, "resource"),
    attributes_list: listAsText(tree, "resource"),
    schema_url: "resourceSchemaUrl",
    "detection/development": {
      detectors: (node, path) => {
        tree.merge("resourceDetectors", [], node);
        for (const [i, item] of tree.items(node, path).entries()) {
          for (const { name, key, at } of tree.entries(item, `${path}[${i}]`)) {
            mergeKnown(tree, "resourceDetectors", DETECTOR_WORDS, name, key, at);
          }
        }
      },
    },
  };
}

/** [{ name, value, type }] as an object; what is there already from a list as text is overruled. */
function nameValues(tree: ConfigTree, setting: string): Shape {
  return (node, path) => {
    const entries = tree.items(node, path).map((item) => {
      const plain = tree.plain(item);
      const { name, value, type } = (
        typeof plain === "object" && plain !== null ? plain : {}
      ) as Record<string, unknown>;
      if (typeof name !== "string") throw tree.wrong(item, path, "needs a name");
      return [name, typed(value, type)] as const;
    });
    const said = entries.filter(([, value]) => value !== null);
    const before = tree.values.get(setting)?.raw;
    const listed = typeof before === "object" ? before : {};
    tree.put(setting, { ...listed, ...Object.fromEntries(said) }, node);
  };
}

/** The same as one text, `name=value,...`; what has an entry of its own counts more. */
function listAsText(tree: ConfigTree, setting: string): Shape {
  return (node) => {
    const listed = String(tree.plain(node))
      .split(",")
      .flatMap((pair) => {
        const equals = pair.indexOf("=");
        return equals < 1 ? [] : [[pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]];
      });
    const named = tree.values.get(setting)?.raw as object | undefined;
    tree.put(setting, { ...Object.fromEntries(listed), ...named }, node);
  };
}

/** A value of an attribute in the type that the file says. */
function typed(value: unknown, type: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) {
    const item = typeof type === "string" ? type.replace(/_array$/, "") : undefined;
    return value.map((each) => typed(each, item));
  }
  if (type === "int" || type === "double") return Number(value);
  if (type === "bool") return value === true || value === "true";
  return type === "string" || type === undefined ? textOf(value) : value;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Adds a name to a setting that is a list; one that we do not have is named, and the others are used. */
function mergeKnown(
  tree: ConfigTree,
  setting: string,
  known: readonly string[],
  name: string,
  node: Node,
  path: string,
): void {
  const given = name.trim().toLowerCase();
  if (known.includes(given)) tree.merge(setting, [given], node);
  else tree.unknown(node, path, "not supported", given, known);
}

function propagatorShape(tree: ConfigTree): ShapeParts {
  const use = (name: string, node: Node, path: string): void => {
    mergeKnown(tree, "tracing.propagators", PROPAGATOR_NAMES, name, node, path);
  };
  return {
    composite: (node, path) => {
      // An empty list is one, too.
      tree.merge("tracing.propagators", [], node);
      for (const [i, item] of tree.items(node, path).entries()) {
        const at = `${path}[${i}]`;
        if (!isMap(item)) use(String(tree.plain(item)), item, at);
        else for (const each of tree.entries(item, at)) use(each.name, each.key, each.at);
      }
    },
    composite_list: (node, path) => {
      const names = String(tree.plain(node)).split(",");
      tree.merge("tracing.propagators", [], node);
      for (const name of names.map((each) => each.trim()).filter(Boolean)) {
        use(name, node, `${path}.${name.slice(0, 60)}`);
      }
    },
  };
}

function processors(tree: ConfigTree, signal: Signal): Shape {
  return (node, path) =>
    tree.first(node, path, {
      batch: {
        schedule_delay: "export.delayMs",
        max_export_batch_size: "export.maxRecords",
        max_queue_size: BOUNDED_OTHERWISE,
        export_timeout: BOUNDED_OTHERWISE,
        exporter: exporter(tree, signal),
      },
      // The service never waits for a request here; what `simple` wants beside that, haste, is the delay of the batches.
      simple: { exporter: exporter(tree, signal) },
    });
}

function readers(tree: ConfigTree): Shape {
  return (node, path) => {
    for (const [i, item] of tree.items(node, path).entries()) {
      tree.walk(item, `${path}[${i}]`, {
        periodic: {
          interval: "metrics.intervalMs",
          timeout: BOUNDED_OTHERWISE,
          exporter: exporter(tree, "metrics"),
        },
        pull: {
          exporter: (each, at) =>
            tree.kind(each, at, {
              "prometheus/development": (server, where) => {
                if (server === undefined) return;
                tree.parts(server, where, { host: "admin.host", port: "admin.port" });
              },
            }),
        },
      });
    }
  };
}

function exporter(tree: ConfigTree, signal: Signal): Shape {
  const of = (field: string) => `otlp.${signal}.${field}`;
  const parts: ShapeParts = {
    endpoint: of("endpoint"),
    headers: nameValues(tree, of("headers")),
    headers_list: listAsText(tree, of("headers")),
    compression: of("compression"),
    timeout: of("timeoutMs"),
    tls: { ca_file: of("caFile"), cert_file: of("certFile"), key_file: of("keyFile") },
    encoding: () => {},
    ...(signal === "metrics"
      ? {
          temporality_preference: "metrics.temporality",
          default_histogram_aggregation: only(tree, "explicit_bucket_histogram"),
        }
      : {}),
  };
  const use = (protocol: (node: Node | undefined) => string, key: Node) => {
    return (node: Node | undefined, path: string) => {
      tree.put(of("exporter"), "otlp", node ?? key);
      tree.put(of("protocol"), protocol(node), node ?? key);
      if (node !== undefined) tree.parts(node, path, parts);
    };
  };
  return (node, path) =>
    tree.kind(node, path, {
      otlp_http: use((http) => {
        return isMap(http) && http.get("encoding") === "json" ? "http/json" : "http/protobuf";
      }, node),
      otlp_grpc: use(() => "grpc", node),
    });
}

/** A key whose only value that we have is the default. */
function only(tree: ConfigTree, allowed: string): Shape {
  return (node, path) => {
    const value = String(tree.plain(node));
    if (value !== allowed) {
      tree.name(node, path, `${value.slice(0, 60)} is not supported, only ${allowed}`);
    }
  };
}

type Kinds = Readonly<Record<string, (node: Node | undefined, path: string) => void>>;

function sampler(tree: ConfigTree): Shape {
  return (node, path) => {
    const use = (name: string) => tree.put("tracing.sampling", name, node);
    const ratio = (name: string) => (each: Node | undefined, at: string) => {
      use(name);
      if (each !== undefined) tree.parts(each, at, { ratio: "tracing.samplingRatio" });
    };
    const roots = (prefix: string): Kinds => ({
      always_on: () => use(`${prefix}always_on`),
      always_off: () => use(`${prefix}always_off`),
      trace_id_ratio_based: ratio(`${prefix}traceidratio`),
      "probability/development": ratio(`${prefix}traceidratio`),
    });
    const fixed = (name: string): Shape => {
      return (each, at) => tree.kind(each, at, { [name]: () => {} });
    };
    tree.kind(node, path, {
      ...roots(""),
      parent_based: (each, at) => {
        use("parentbased_always_on");
        if (each === undefined) return;
        tree.parts(each, at, {
          root: (root, where) => tree.kind(root, where, roots("parentbased_")),
          remote_parent_sampled: fixed("always_on"),
          remote_parent_not_sampled: fixed("always_off"),
          local_parent_sampled: fixed("always_on"),
          local_parent_not_sampled: fixed("always_off"),
        });
      },
    });
  };
}

/** Settings of ours, by the names they have in the options. */
function ours(tree: ConfigTree, node: Node, path: string, prefix: string): void {
  const names: readonly string[] = SETTING_NAMES;
  for (const { name: key, at, key: keyNode, value } of tree.entries(node, path)) {
    const name = `${prefix}${key}`;
    if (value === undefined) continue;
    if (names.includes(name)) tree.set(name, value, at);
    else if (isMap(value) && names.some((each) => each.startsWith(`${name}.`))) {
      ours(tree, value, at, `${name}.`);
    } else tree.unknown(keyNode, at, "no setting of FLX", name, names);
  }
}
