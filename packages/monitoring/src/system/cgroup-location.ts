// Where this process' control groups are in the file system, and which levels above them may limit it.
//
//   /proc/self/cgroup                      /proc/self/mountinfo
//   4:memory:/docker/abc                   ... /docker /sys/fs/cgroup/memory ... - cgroup  cgroup  rw,memory     (v1)
//   0::/user.slice/app.scope               ... /       /sys/fs/cgroup        ... - cgroup2 cgroup2 rw            (v2)
//
//   path in the hierarchy    /docker/abc
//   part that is mounted     /docker                                   root of the mount
//   folders, inside out      /sys/fs/cgroup/memory/abc                 the own group
//                            /sys/fs/cgroup/memory                     as far up as can be seen
//
// A limit holds for everything below it, so the one that counts is the smallest on the way up.
//
//   v1      each controller has a hierarchy of its own: one line "n:controllers:path" each
//   v2      one hierarchy for all: the line "0::path"
//   hybrid  both are mounted; a controller that v1 has is not in v2
//
// In a container with a cgroup namespace the path is "/" and so is the mount's root: the own group is the mount
// point. Without one, the path is the host's while the mount may show only the own group: when the folder that the
// path names is not there, the nearest folder above it that is there is taken.
// "/../x" means a group outside of this namespace: what can be seen of it is the mount point.
//
// Source: cgroups(7), cgroup_namespaces(7).

import { existsSync } from "node:fs";
import { ByteScanner, NO_NUMBER, textOf } from "./byte-scanner.ts";
import type { MountEntry } from "./mountinfo.ts";

/** The controllers that facts are read of. */
export type CgroupController = "cpu" | "cpuacct" | "cpuset" | "memory" | "pids";

/** The group of one controller. */
export interface CgroupFolders {
  readonly version: 1 | 2;
  /** Absolute folders: the own group first, then each group above it that can be seen. */
  readonly folders: readonly string[];
}

/** Where the groups are. */
export interface CgroupLocation {
  readonly version: "v1" | "v2" | "hybrid";
  /** Of each controller that can be seen. On v2 all are the same folders. */
  readonly controllers: Readonly<Partial<Record<CgroupController, CgroupFolders>>>;
  /** The group in the v2 hierarchy, also when v1 has the controllers. */
  readonly unified: CgroupFolders | undefined;
}

/** A line of /proc/self/cgroup; v2 has the id 0 and no controllers. */
export interface CgroupMembership {
  readonly hierarchyId: number;
  readonly controllers: readonly string[];
  readonly path: string;
}

const CONTROLLERS: readonly CgroupController[] = ["cpu", "cpuacct", "cpuset", "memory", "pids"];

/** Deeper trees are damaged files; the kernel's own default limit for v2 is far lower in practice. */
const MAX_LEVELS = 64;

const COLON = 58;
const NEWLINE = 10;

/** @returns undefined when there is not one good line; malformed lines are left out */
export function parseCgroupMemberships(bytes: Uint8Array): readonly CgroupMembership[] | undefined {
  const scanner = new ByteScanner(bytes);
  const memberships: CgroupMembership[] = [];
  while (!scanner.done) {
    const hierarchyId = scanner.integer();
    const lineEnd = indexOrEnd(bytes, NEWLINE, scanner.at);
    if (hierarchyId !== NO_NUMBER && scanner.take(":")) {
      const colon = indexOrEnd(bytes, COLON, scanner.at);
      const path = textOf(bytes.subarray(colon + 1, lineEnd));
      if (colon < lineEnd && path.startsWith("/")) {
        const names = textOf(bytes.subarray(scanner.at, colon));
        memberships.push({ hierarchyId, controllers: names.split(","), path });
      }
    }
    scanner.nextLine();
  }
  return memberships.length === 0 ? undefined : memberships;
}

function indexOrEnd(bytes: Uint8Array, byte: number, from: number): number {
  const index = bytes.indexOf(byte, from);
  return index === -1 ? bytes.length : index;
}

/**
 * Where the groups of these memberships are mounted.
 *
 * @param prefix put before each mount point: where the machine's root folder is seen, "" for "/"
 * @returns undefined when no control group is mounted
 */
export function locateCgroups(
  memberships: readonly CgroupMembership[],
  entries: readonly MountEntry[],
  prefix = "",
): CgroupLocation | undefined {
  const unified = locateUnified(memberships, entries, prefix);
  const controllers: Partial<Record<CgroupController, CgroupFolders>> = {};
  let hasV1 = false;
  for (const controller of CONTROLLERS) {
    const own = locateV1(controller, memberships, entries, prefix);
    hasV1 ||= own !== undefined;
    const found = own ?? unified;
    if (found !== undefined) controllers[controller] = found;
  }
  if (!hasV1 && unified === undefined) return undefined;
  const version = !hasV1 ? "v2" : unified === undefined ? "v1" : "hybrid";
  return { version, controllers, unified };
}

function locateUnified(
  memberships: readonly CgroupMembership[],
  entries: readonly MountEntry[],
  prefix: string,
): CgroupFolders | undefined {
  const member = memberships.find(({ hierarchyId }) => hierarchyId === 0);
  const mounts = entries.filter(({ fsType }) => fsType === "cgroup2");
  const mount = bestMount(mounts, member?.path);
  if (member === undefined || mount === undefined) return undefined;
  return { version: 2, folders: foldersOf(mount, member.path, prefix) };
}

function locateV1(
  controller: CgroupController,
  memberships: readonly CgroupMembership[],
  entries: readonly MountEntry[],
  prefix: string,
): CgroupFolders | undefined {
  const member = memberships.find((each) => each.controllers.includes(controller));
  const mounts = entries.filter(
    (each) => each.fsType === "cgroup" && each.superOptions.split(",").includes(controller),
  );
  const mount = bestMount(mounts, member?.path);
  if (member === undefined || mount === undefined) return undefined;
  return { version: 1, folders: foldersOf(mount, member.path, prefix) };
}

/** Of several mounts of one hierarchy the one that shows the path, and most of what is above it. */
function bestMount(
  mounts: readonly MountEntry[],
  path: string | undefined,
): MountEntry | undefined {
  const showing = mounts.filter(
    ({ root }) => path !== undefined && relativePath(path, root) !== undefined,
  );
  const candidates = showing.length > 0 ? showing : mounts;
  return candidates.toSorted((a, b) => a.root.length - b.root.length)[0];
}

/** The path below `root`: "" for the root itself, undefined when it is elsewhere. */
function relativePath(path: string, root: string): string | undefined {
  if (root === "/") return path === "/" ? "" : path;
  if (path === root) return "";
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}

function foldersOf({ root, mountPoint }: MountEntry, path: string, prefix: string): string[] {
  const top = prefix + mountPoint;
  const below = path.split("/").includes("..") ? "" : (relativePath(path, root) ?? "");
  const folders: string[] = [];
  let relative = below.replace(/\/+$/, "");
  while (relative !== "" && folders.length < MAX_LEVELS) {
    const folder = top + relative;
    if (folders.length > 0 || existsSync(folder)) folders.push(folder);
    relative = relative.slice(0, relative.lastIndexOf("/"));
  }
  folders.push(top);
  return folders;
}
