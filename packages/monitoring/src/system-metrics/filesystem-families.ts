// The room of mounted file systems.
//
// Only what was measured at the last sample: the last known size of a mount that does not answer any more would look
// like a healthy one. That it does not answer is a series of its own.

import type { FilesystemFacts, FilesystemRoom, SystemSnapshot } from "../system/index.ts";
import { type FamilyGroup, gaugeBy, type ReadFamily, type SeriesLabels } from "./family.ts";

/** A file system that answered. */
export interface MeasuredFilesystem extends FilesystemFacts {
  readonly room: FilesystemRoom;
}

/** The file systems that answered at the last sample. */
export function measuredRooms({ filesystems }: SystemSnapshot): readonly MeasuredFilesystem[] {
  return filesystems.flatMap((facts) =>
    facts.state === "measured" && facts.room !== undefined ? [{ ...facts, room: facts.room }] : [],
  );
}

const LABELS = ["mountpoint", "device", "fstype"] as const;

function labelsOf({ mountPoint, device, fsType }: FilesystemFacts): SeriesLabels {
  return { mountpoint: mountPoint, device, fstype: fsType };
}

function room(
  name: string,
  help: string,
  value: (room: FilesystemRoom) => number | undefined,
): ReadFamily {
  return gaugeBy(LABELS, `system_filesystem_${name}`, help, ({ snapshot }) =>
    measuredRooms(snapshot).map((facts) => [labelsOf(facts), value(facts.room)]),
  );
}

function flag(
  name: string,
  help: string,
  value: (facts: FilesystemFacts) => boolean | undefined,
): ReadFamily {
  return gaugeBy(LABELS, `system_filesystem_${name}`, help, ({ snapshot }) =>
    snapshot.filesystems.map((facts) => {
      const is = value(facts);
      return [labelsOf(facts), is === undefined ? undefined : Number(is)];
    }),
  );
}

/** Some file systems do not count files: they have 0 of them and 0 free ones. */
const counted = ({ files }: FilesystemRoom, value: number): number | undefined =>
  files > 0 ? value : undefined;

/** Mounts that hold data. */
export const filesystemFamilies: FamilyGroup = {
  title: "File systems",
  families: [
    room("size_bytes", "Size of a file system", ({ sizeBytes }) => sizeBytes),
    room("free_bytes", "Free room of a file system", ({ freeBytes }) => freeBytes),
    room(
      "available_bytes",
      "Free room that users other than root may take",
      ({ availableBytes }) => availableBytes,
    ),
    room("files", "Files a file system can have, where there is a limit", (facts) =>
      counted(facts, facts.files),
    ),
    room("files_free", "Files that can still be made, where there is a limit", (facts) =>
      counted(facts, facts.filesFree),
    ),
    flag(
      "readonly",
      "1 when a file system is mounted read-only, else 0",
      (facts) => facts.readOnly,
    ),
    flag(
      "measured",
      "1 when a file system told its room in time, else 0; absent when it is not asked",
      ({ state }) =>
        state === "pending" || state === "skipped" ? undefined : state === "measured",
    ),
  ],
};
