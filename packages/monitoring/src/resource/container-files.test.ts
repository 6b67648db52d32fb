import assert from "node:assert/strict";
import { test } from "node:test";
import { containerIdOf, podOf } from "./container-files.ts";

const ID = "4f1a".repeat(16);
const UID = "0f3c1a2b-1111-2222-3333-444455556666";

test("containerIdOf() finds the id that each runtime leaves", () => {
  const f = (cgroup: string, mountinfo: string, want: string | undefined) => {
    assert.equal(containerIdOf(cgroup, mountinfo), want);
  };

  f(`12:cpu:/docker/${ID}\n`, "", ID);
  f(`11:pids:/kubepods/burstable/pod${UID}/${ID}\n`, "", ID);
  f(`0::/system.slice/docker-${ID}.scope\n`, "", ID);
  f(
    `0::/kubepods.slice/kubepods-pod${UID.replaceAll("-", "_")}.slice/cri-containerd-${ID}.scope`,
    "",
    ID,
  );
  f(`0::/kubepods.slice/crio-${ID}.scope`, "", ID);
  f("0::/", `700 690 0:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw`, ID);
  f("0::/", `1 2 0:3 /containers/overlay-containers/${ID}/userdata/hostname /etc/hostname`, ID);
  f("0::/", `1 2 0:3 /io.containerd.grpc.v1.cri/sandboxes/${ID}/hostname /etc/hostname`, undefined);
  f("0::/user.slice/user-1000.slice/session-3.scope", "", undefined);
  f(`0::/docker-${ID}0.scope`, "", undefined);
  f("", "", undefined);
});

test("podOf() finds the pod and the container's name", () => {
  const mount = `1 2 8:1 /var/lib/kubelet/pods/${UID}/containers/orders-app/1a2b3c4d /dev/termination-log`;
  const f = (cgroup: string, mountinfo: string, uid?: string, container?: string) => {
    assert.deepEqual(podOf(cgroup, mountinfo), { uid, container });
  };

  f("0::/", mount, UID, "orders-app");
  f(`0::/kubepods-pod${UID.replaceAll("-", "_")}.slice/x`, "", UID);
  f("0::/", `/pods/${UID}/volumes/kubernetes.io~projected/x`, UID);
  f("0::/", "", undefined);
});
