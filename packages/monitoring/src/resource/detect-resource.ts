// Where a service runs, as OpenTelemetry's attributes: from the process, files and variables. Nothing is asked over the network,
// and no program is started, so it takes a millisecond and cannot hang.
//
//   service     nearest package.json of the program; an id for this very process
//   host        name, architecture, machine id, operating system
//   process     pid, program, runtime, owner; arguments are left out: they may have passwords in them
//   container   id, from cgroup paths or the files that the runtime mounts
//   k8s         pod, namespace, node, container: from the service account, mounted files and downward variables
//
// A detector that finds nothing says nothing. Files are read up to a bound; paths are below `root`, for tests.
//
// Source: https://opentelemetry.io/docs/specs/semconv/resource/

import { closeSync, openSync, readSync } from "node:fs";
import { arch, hostname, release, type, userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { containerIdOf, podOf } from "./container-files.ts";

/** The names of the detectors. */
export const DETECTOR_NAMES = ["service", "host", "process", "container", "k8s"] as const;

/** The name of a detector. */
export type DetectorName = (typeof DETECTOR_NAMES)[number];

/** Attributes of a resource. */
export type ResourceAttributes = Readonly<Record<string, unknown>>;

/** What detectors look at. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that stands for "/". */
  readonly root: string;
  /** The file of the program. */
  readonly program: string | undefined;
}

/** Files of the system are short; one that is not is none of those we look for. */
const MAX_FILE = 256 * 1024;
/** Folders above the program in which a package.json is looked for. */
const MAX_FOLDERS = 32;

/** What the process itself can be asked. */
export function currentSurroundings(): Surroundings {
  return { env: process.env, root: "/", program: process.argv[1] };
}

/** The attributes that the detectors find. */
export function detectResource(
  names: readonly DetectorName[] = DETECTOR_NAMES,
  surroundings: Surroundings = currentSurroundings(),
): ResourceAttributes {
  const found: Record<string, unknown> = {};
  for (const name of names) {
    try {
      Object.assign(found, DETECTORS[name](surroundings));
    } catch {
      // What cannot be found out is not said.
    }
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => isSaid(value)));
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== "";
}

const DETECTORS: Readonly<Record<DetectorName, (around: Surroundings) => ResourceAttributes>> = {
  service: detectService,
  host: detectHost,
  process: detectProcess,
  container: detectContainer,
  k8s: detectKubernetes,
};

/** The service instance of this process; the same however often it is asked. */
let instanceId: string | undefined;

function serviceInstanceId(): string {
  // Node's cryptography would be 7 ms and 3 MB of a start.
  instanceId ??=
    readText("/proc/sys/kernel/random/uuid")?.trim() ??
    process.getBuiltinModule("node:crypto").randomUUID();
  return instanceId;
}

function detectService({ program, root }: Surroundings): ResourceAttributes {
  const { name, version } = packageOf(program, root);
  return {
    "service.name": name,
    "service.version": version,
    "service.instance.id": serviceInstanceId(),
  };
}

function packageOf(
  program: string | undefined,
  root: string,
): { readonly name?: string; readonly version?: string } {
  if (program === undefined || program === "") return {};
  let folder = join(root, dirname(program));
  for (let i = 0; i < MAX_FOLDERS; i++) {
    const text = readText(join(folder, "package.json"));
    if (text !== undefined) {
      const { name, version } = JSON.parse(text) as Record<string, unknown>;
      return {
        ...(typeof name === "string" ? { name } : {}),
        ...(typeof version === "string" ? { version } : {}),
      };
    }
    if (dirname(folder) === folder) break;
    folder = dirname(folder);
  }
  return {};
}

/** As OpenTelemetry calls what Node calls otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  arm: "arm32",
  ppc: "ppc32",
  x64: "amd64",
  ia32: "x86",
};
const SYSTEMS: Readonly<Record<string, string>> = { Windows_NT: "windows", SunOS: "solaris" };

function detectHost({ root }: Surroundings): ResourceAttributes {
  const architecture = arch();
  const system = type();
  return {
    "host.name": hostname(),
    "host.arch": ARCHITECTURES[architecture] ?? architecture,
    "host.id":
      readText(join(root, "etc/machine-id"))?.trim() ??
      readText(join(root, "var/lib/dbus/machine-id"))?.trim(),
    "os.type": SYSTEMS[system] ?? system.toLowerCase(),
    "os.version": release(),
  };
}

function detectProcess({ program }: Surroundings): ResourceAttributes {
  return {
    "process.pid": process.pid,
    "process.executable.name": basename(process.execPath),
    "process.executable.path": process.execPath,
    "process.command": program,
    "process.runtime.name": "nodejs",
    "process.runtime.version": process.versions.node,
    "process.runtime.description": "Node.js",
    "process.owner": owner(),
  };
}

/** A process in a container may have a user that is in no list. */
function owner(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function detectContainer({ root }: Surroundings): ResourceAttributes {
  return {
    "container.id": containerIdOf(
      readText(join(root, "proc/self/cgroup")) ?? "",
      readText(join(root, "proc/self/mountinfo")) ?? "",
    ),
  };
}

const ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount/namespace";

function detectKubernetes({ env, root }: Surroundings): ResourceAttributes {
  if ((env["KUBERNETES_SERVICE_HOST"] ?? "") === "") return {};
  const variable = (...names: readonly string[]) =>
    names.map((name) => env[name]?.trim()).find((value) => value !== undefined && value !== "");
  const pod = podOf(
    readText(join(root, "proc/self/cgroup")) ?? "",
    readText(join(root, "proc/self/mountinfo")) ?? "",
  );
  return {
    "k8s.namespace.name":
      variable("K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE", "NAMESPACE") ??
      readText(join(root, ACCOUNT))?.trim(),
    "k8s.pod.name": variable("K8S_POD_NAME", "POD_NAME", "HOSTNAME"),
    "k8s.pod.uid": variable("K8S_POD_UID", "POD_UID") ?? pod.uid,
    "k8s.pod.ip": variable("K8S_POD_IP", "POD_IP"),
    "k8s.node.name": variable("K8S_NODE_NAME", "NODE_NAME"),
    "k8s.container.name": variable("K8S_CONTAINER_NAME", "CONTAINER_NAME") ?? pod.container,
    "k8s.deployment.name": variable("K8S_DEPLOYMENT_NAME"),
    "k8s.cluster.name": variable("K8S_CLUSTER_NAME", "CLUSTER_NAME"),
  };
}

/** The beginning of a file; undefined when it cannot be read. */
function readText(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = Buffer.alloc(MAX_FILE);
    let length = 0;
    // Files of /proc come in pieces.
    for (let read = -1; read !== 0 && length < MAX_FILE; length += read) {
      read = readSync(file, bytes, length, MAX_FILE - length, null);
    }
    return bytes.toString("utf8", 0, length);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
