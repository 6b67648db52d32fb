// Which container and pod a process is in, read out of /proc/self/cgroup and /proc/self/mountinfo. Pure.
//
//   cgroup v1   12:cpu:/kubepods/burstable/pod0f3c.../4f1a...64 digits
//   systemd     0::/system.slice/docker-4f1a....scope      also cri-containerd-, crio-, libpod-
//   cgroup v2   0::/                                       the namespace hides the path: the mounts tell
//   mounts      /var/lib/docker/containers/4f1a.../hostname    .../overlay-containers/4f1a.../userdata/hostname
//               /var/lib/kubelet/pods/{uid}/containers/{name}/{8 digits}       (the termination log)

const ID = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?$/;
const MOUNTED_ID = /\/(?:overlay-)?containers\/([0-9a-f]{64})\//;
const POD_UID = /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})/;
const POD_FOLDER = /\/pods\/([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\//;
const POD_CONTAINER = /\/pods\/[0-9a-f-]{36}\/containers\/([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\//;

/** The id of the container; undefined outside of one. */
export function containerIdOf(cgroup: string, mountinfo: string): string | undefined {
  for (const line of cgroup.split("\n")) {
    const id = ID.exec(line)?.[1];
    if (id !== undefined) return id;
  }
  return MOUNTED_ID.exec(mountinfo)?.[1];
}

/** The pod's uid and the container's name in it, as far as the files tell. */
export function podOf(
  cgroup: string,
  mountinfo: string,
): { readonly uid: string | undefined; readonly container: string | undefined } {
  const inPath = POD_UID.exec(cgroup)?.[1]?.replaceAll("_", "-");
  return {
    uid: inPath ?? POD_FOLDER.exec(mountinfo)?.[1],
    container: POD_CONTAINER.exec(mountinfo)?.[1],
  };
}
