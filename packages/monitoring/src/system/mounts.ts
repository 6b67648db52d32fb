// Which of the mounts hold data that somebody could run out of.
//
//   all lines of mountinfo
//   ├── not visible: covered by a later mount on the same folder or on one above it     left out
//   ├── the kernel's own: proc, sysfs, cgroup ...                                       left out
//   ├── read-only images that are always full: squashfs, iso9660, erofs                 left out
//   ├── a second mount of the same file system (bind mounts)                            counted once
//   └── the rest                                            local: asked    remote: only if wanted (disk.ts)
//
// Of several mounts of one file system the one is kept that shows all of it (root "/"), then the one with the
// shortest path. In a container /etc/hosts and its like are binds of the host's disk: they say nothing about the
// container and are left out.
// An overlay counts at "/" only: there it is the container's own file system, elsewhere other containers' layers.
//
// Remote is what asks somebody else: a server (nfs, cifs, ceph) or a program (fuse). Such a mount may never answer,
// and everything below it may not either, since the way to it leads through it.

import type { MountEntry } from "./mountinfo.ts";

/** A mounted file system with room that can run out. */
export interface Mount {
  readonly mountPoint: string;
  /** "/dev/vda1", "server:/export". */
  readonly device: string;
  readonly fsType: string;
  readonly readOnly: boolean;
  /** Asking it may wait for a server or a program that does not answer. */
  readonly remote: boolean;
}

/** File systems of the kernel, without room of their own; and images, which are full by nature. */
const PSEUDO: ReadonlySet<string> = new Set(
  (
    "autofs binder binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs dmabuf efivarfs erofs " +
    "fuse.lxcfs fuse.gvfsd-fuse fuse.portal fusectl hugetlbfs iso9660 mqueue nfsd nsfs nullfs proc pstore " +
    "ramfs resctrl rpc_pipefs securityfs selinuxfs smackfs squashfs sysfs tracefs udf"
  ).split(" "),
);

/** File systems of this machine's own disks and memory. What is not listed is taken for remote: that is the safe side. */
const LOCAL: ReadonlySet<string> = new Set(
  (
    "apfs bcachefs btrfs exfat ext2 ext3 ext4 f2fs hfs hfsplus jfs msdos nilfs2 ntfs ntfs3 overlay " +
    "reiserfs rootfs tmpfs ubifs ufs vfat xfs zfs"
  ).split(" "),
);

const FILES_OF_A_CONTAINER: ReadonlySet<string> = new Set([
  "/etc/hosts",
  "/etc/hostname",
  "/etc/resolv.conf",
  "/dev/termination-log",
]);

/** Folders of the system and of container engines, as the node exporter leaves them out. */
const UNINTERESTING = [
  "/dev",
  "/proc",
  "/sys",
  "/run/credentials",
  "/var/lib/docker",
  "/var/lib/containers/storage",
];

/** The mounts worth measuring, in the order of their paths. */
export function chooseMounts(entries: readonly MountEntry[]): readonly Mount[] {
  const tops = new Map(entries.map((entry) => [entry.mountPoint, entry]));
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const visible = [...tops.values()].filter((entry) => isVisible(entry, tops, byId));
  const chosen = new Map<string, MountEntry>();
  for (const entry of visible) {
    if (!isInteresting(entry)) continue;
    const other = chosen.get(entry.device);
    if (other === undefined || isBetter(entry, other)) chosen.set(entry.device, entry);
  }
  const mounts = Array.from(chosen.values(), (entry) => mountOf(entry, visible));
  return mounts.toSorted((a, b) => (a.mountPoint < b.mountPoint ? -1 : 1));
}

/**
 * Whether its path leads to it. It does when the mount that it was mounted in is what one finds on the nearest
 * mount point above it; mounts stacked on one folder have the lower one as their parent.
 */
function isVisible(
  entry: MountEntry,
  tops: ReadonlyMap<string, MountEntry>,
  byId: ReadonlyMap<number, MountEntry>,
): boolean {
  const above = nearestAbove(entry.mountPoint, tops);
  if (above === undefined) return true;
  let parent = byId.get(entry.parentId);
  // As many steps as there are mounts at most: damaged lines may form a ring.
  for (let steps = byId.size; parent?.mountPoint === entry.mountPoint && steps > 0; steps--) {
    parent = byId.get(parent.parentId);
  }
  return parent === undefined || parent.id === above.id;
}

function nearestAbove(path: string, tops: ReadonlyMap<string, MountEntry>): MountEntry | undefined {
  for (let folder = path; folder !== "/";) {
    folder = folder.slice(0, Math.max(1, folder.lastIndexOf("/")));
    const top = tops.get(folder);
    if (top !== undefined) return top;
  }
  return undefined;
}

function isInteresting({ fsType, mountPoint }: MountEntry): boolean {
  if (PSEUDO.has(fsType) || FILES_OF_A_CONTAINER.has(mountPoint)) return false;
  if (fsType === "overlay") return mountPoint === "/";
  return !UNINTERESTING.some((folder) => isIn(mountPoint, folder));
}

function isIn(path: string, folder: string): boolean {
  if (folder === "/") return true;
  return path === folder || path.startsWith(`${folder}/`);
}

function isBetter(one: MountEntry, other: MountEntry): boolean {
  if ((one.root === "/") !== (other.root === "/")) return one.root === "/";
  return one.mountPoint.length < other.mountPoint.length;
}

const isRemote = ({ fsType }: MountEntry): boolean => !LOCAL.has(fsType) && !PSEUDO.has(fsType);

function mountOf(entry: MountEntry, visible: readonly MountEntry[]): Mount {
  const { mountPoint, fsType, source, options } = entry;
  const remote = visible.some((one) => isRemote(one) && isIn(mountPoint, one.mountPoint));
  const readOnly = options === "ro" || options.startsWith("ro,");
  return { mountPoint, device: source, fsType, readOnly, remote };
}
