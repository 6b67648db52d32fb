// What runs here: Node, V8, the operating system. Does not change while the process runs.

import { arch, machine, platform, release, type as osType } from "node:os";

/** Versions of the runtime and the system. */
export interface VersionFacts {
  /** "v24.21.0". */
  readonly node: string;
  readonly nodeMajor: number;
  readonly nodeMinor: number;
  readonly nodePatch: number;
  readonly v8: string;
  readonly uv: string;
  readonly openssl: string | undefined;
  /** "linux", "darwin", "win32" ... */
  readonly platform: string;
  /** "x64", "arm64" ...: what Node was built for. */
  readonly architecture: string;
  /** "x86_64" ...: what the machine says. */
  readonly machine: string;
  /** "Linux". */
  readonly osType: string;
  /** Of the kernel: "6.18.44". */
  readonly osRelease: string;
}

let known: VersionFacts | undefined;

/** The versions, read once. */
export function readVersions(): VersionFacts {
  known ??= versions();
  return known;
}

function versions(): VersionFacts {
  const [major = 0, minor = 0, patch = 0] = process.versions.node
    .split(".")
    .map((part) => Number.parseInt(part, 10));
  return {
    node: process.version,
    nodeMajor: major,
    nodeMinor: minor,
    nodePatch: patch,
    v8: process.versions.v8,
    uv: process.versions.uv,
    openssl: process.versions.openssl,
    platform: platform(),
    architecture: arch(),
    machine: machine(),
    osType: osType(),
    osRelease: release(),
  };
}
