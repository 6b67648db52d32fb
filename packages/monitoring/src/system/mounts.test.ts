import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMountinfo } from "./mountinfo.ts";
import { chooseMounts } from "./mounts.ts";

const parse = (text: string) => parseMountinfo(new TextEncoder().encode(text));
const root = "1 0 254:0 / / rw - ext4 /dev/vda rw";

test("parseMountinfo() reads a line", () => {
  const line =
    "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n";
  assert.deepEqual(parse(line), [
    {
      id: 36,
      parentId: 35,
      device: "98:0",
      root: "/mnt1",
      mountPoint: "/mnt2",
      options: "rw,noatime",
      fsType: "ext3",
      source: "/dev/root",
      superOptions: "rw,errors=continue",
    },
  ]);
});

test("parseMountinfo() undoes octal escapes and leaves out damaged lines", () => {
  const f = (text: string, want: readonly string[] | undefined) =>
    assert.deepEqual(
      parse(text)?.map(({ mountPoint }) => mountPoint),
      want,
    );

  f(String.raw`1 0 0:1 / /a\040b\011c\012d\134e rw - ext4 x rw`, ["/a b\tc\nd\\e"]);
  f(String.raw`1 0 0:1 / /caf\303\251 rw - ext4 x rw`, ["/café"]);
  f(String.raw`1 0 0:1 / /a\04 rw - ext4 x rw`, [String.raw`/a\04`]);
  f(String.raw`1 0 0:1 / /a\999 rw - ext4 x rw`, [String.raw`/a\999`]);
  f(`1 0 0:1 / /a rw ext4 x rw\n${root}`, ["/"]); // no dash
  f(`x 0 0:1 / /a rw - ext4 x rw\n${root}`, ["/"]);
  f("1 0 0:1 / a rw - ext4 x rw", undefined);
  f("1 0 0:1 / /a rw -", undefined);
  f("", undefined);
});

test("chooseMounts() keeps what has room, and each file system once", () => {
  const f = (lines: readonly string[], want: readonly string[]) =>
    assert.deepEqual(
      chooseMounts(parse(lines.join("\n"))!).map(({ mountPoint }) => mountPoint),
      want,
    );

  f([root], ["/"]);
  f([root, "2 1 0:5 / /proc rw - proc proc rw", "3 1 0:6 / /sys rw - sysfs sysfs rw"], ["/"]);
  f(
    [root, "2 1 0:7 / /tmp rw - tmpfs tmpfs rw", "3 1 0:8 / /dev/shm rw - tmpfs tmpfs rw"],
    ["/", "/tmp"],
  );
  f([root, "2 1 8:1 / /data rw - xfs /dev/sda1 rw"], ["/", "/data"]);
  // bind mounts: of / into a folder, and of a folder of the disk into another
  f([root, "2 1 254:0 / /host rw - ext4 /dev/vda rw"], ["/"]);
  f([root, "2 1 254:0 /srv /jail/srv rw - ext4 /dev/vda rw"], ["/"]);
  // the whole file system rather than a part of it, though its path is longer
  f(
    [root, "2 1 8:1 /a /b rw - xfs x rw", "3 1 8:1 / /long/path rw - xfs x rw"],
    ["/", "/long/path"],
  );
  // images are always full
  f([root, "2 1 7:0 / /snap/core rw - squashfs /dev/loop0 ro"], ["/"]);
});

test("chooseMounts() of a container: the overlay at / and volumes", () => {
  const lines = [
    "1 0 0:50 / / rw - overlay overlay rw,lowerdir=/l",
    "2 1 259:1 /pods/1/etc-hosts /etc/hosts rw - ext4 /dev/nvme0n1p1 rw",
    "3 1 259:1 /containers/1/hostname /etc/hostname rw - ext4 /dev/nvme0n1p1 rw",
    "4 1 0:60 / /data rw - nfs4 server:/export rw",
    "5 1 0:61 / /secrets rw - tmpfs tmpfs rw",
    "6 1 0:62 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw",
  ];
  assert.deepEqual(
    chooseMounts(parse(lines.join("\n"))!).map(({ mountPoint, remote }) => [mountPoint, remote]),
    [
      ["/", false],
      ["/data", true],
      ["/secrets", false],
    ],
  );
});

test("chooseMounts() sees only what a path leads to", () => {
  const f = (lines: readonly string[], want: readonly string[]) =>
    assert.deepEqual(
      chooseMounts(parse([root, ...lines].join("\n"))!).map(({ device }) => device),
      want,
    );
  const a = "2 1 8:1 / /a rw - xfs a rw";

  f([a, "3 2 8:2 / /a rw - xfs over rw"], ["/dev/vda", "over"]); // stacked
  f([a, "3 2 8:2 / /a/b rw - xfs b rw", "4 2 8:3 / /a rw - xfs over rw"], ["/dev/vda", "over"]); // below a covered one
  f(["2 1 8:2 / /a/b rw - xfs b rw", "3 1 8:1 / /a rw - xfs over rw"], ["/dev/vda", "over"]); // covered from above
  f(
    [a, "3 2 8:2 / /a rw - xfs over rw", "4 3 8:3 / /a/b rw - xfs b rw"],
    ["/dev/vda", "over", "b"],
  );
  f(["2 3 8:1 / /a rw - xfs a rw", "3 2 8:2 / /a rw - xfs b rw"], ["/dev/vda"]); // a ring of damaged lines
});

test("chooseMounts() takes for remote whatever asks somebody else, and what is below it", () => {
  const f = (line: string, want: boolean) =>
    assert.equal(chooseMounts(parse(`${root}\n${line}`)!).at(-1)?.remote, want, line);

  f("2 1 0:9 / /m rw - nfs s:/x rw", true);
  f("2 1 0:9 / /m rw - cifs //s/x rw", true);
  f("2 1 0:9 / /m rw - fuse.sshfs s: rw", true);
  f("2 1 0:9 / /m rw - 9p x rw", true);
  f("2 1 0:9 / /m rw - somethingnew x rw", true);
  f("2 1 8:9 / /m rw - btrfs /dev/sdb rw", false);
  f("2 1 0:9 / /m rw - nfs s:/x rw\n3 2 8:9 / /m/z rw - xfs /dev/sdb rw", true);
  f("2 1 0:9 / /m rw - nfs s:/x rw\n3 1 8:9 / /mz rw - xfs /dev/sdb rw", false);
});
