// Everything that is read of /proc and /sys at each sample, and what is looked at less often.
//
//   each sample      host, control group, /proc/self/status, io, number of descriptors
//   each 12th        /proc/self/limits, mountinfo (34 µs with 16 mounts, and growing with them), /proc/self/cgroup
//
// When the mounts or the memberships in control groups changed, the control groups are located anew.

import { CgroupReader, type CgroupFacts } from "./cgroup.ts";
import { locateCgroups, parseCgroupMemberships } from "./cgroup-location.ts";
import { type HostFacts, LinuxHost } from "./host.ts";
import { KeptFile, type KeptFileContext, ReadBuffer } from "./kept-file.ts";
import { type MountEntry, parseMountinfo } from "./mountinfo.ts";
import { chooseMounts, type Mount } from "./mounts.ts";
import { parseProcSelfIo } from "./proc-self-io.ts";
import { parseProcSelfLimits, type ProcSelfLimits } from "./proc-self-limits.ts";
import { parseProcSelfStatus } from "./proc-self-status.ts";
import { DescriptorCounter, type ProcessSources } from "./process-facts.ts";
import type { ReadErrors } from "./read-errors.ts";

const RARELY = 12;

/** One reading of all files. */
export interface LinuxReading {
  readonly host: HostFacts;
  readonly cgroup: CgroupFacts | undefined;
  readonly process: ProcessSources;
}

/** The files of a Linux machine. */
export class LinuxFiles implements Disposable {
  readonly #prefix: string;
  readonly #context: KeptFileContext;
  readonly #host: LinuxHost;
  readonly #status: KeptFile;
  readonly #io: KeptFile;
  readonly #limitsFile: KeptFile;
  readonly #mountinfo: KeptFile;
  readonly #memberships: KeptFile;
  readonly #descriptors: DescriptorCounter;
  #cgroup: CgroupReader | undefined;
  #cgroupKey = "";
  #limits: ProcSelfLimits | undefined;
  #mounts: readonly Mount[] = [];
  #reading = 0;

  /** @param root the folder that /proc and /sys are in: "/" but for tests and agents that watch a host from inside a container */
  constructor(root: string, errors: ReadErrors) {
    this.#prefix = root.replace(/\/+$/, "");
    this.#context = { buffer: new ReadBuffer(), errors, retryEvery: RARELY };
    const file = (name: string, options = {}) =>
      new KeptFile(`${this.#prefix}/proc/self/${name}`, this.#context, options);
    this.#host = new LinuxHost(this.#prefix, this.#context);
    this.#status = file("status");
    this.#io = file("io");
    this.#limitsFile = file("limits");
    this.#mountinfo = file("mountinfo", { longRecords: true });
    this.#memberships = file("cgroup");
    this.#descriptors = new DescriptorCounter(`${this.#prefix}/proc/self/fd`, errors, {
      sizeCounts: this.#prefix === "",
    });
  }

  /** The mounts worth measuring, as of the last time they were looked at. */
  get mounts(): readonly Mount[] {
    return this.#mounts;
  }

  /** Reads everything that is due. */
  read(): LinuxReading {
    if (this.#reading++ % RARELY === 0) this.#readRarely();
    return {
      host: this.#host.read(),
      cgroup: this.#cgroup?.read(),
      process: {
        status: this.#status.parse(parseProcSelfStatus),
        io: this.#io.parse(parseProcSelfIo),
        limits: this.#limits,
        openDescriptors: this.#descriptors.count(),
      },
    };
  }

  [Symbol.dispose](): void {
    this.#host[Symbol.dispose]();
    this.#cgroup?.[Symbol.dispose]();
    for (const file of [
      this.#status,
      this.#io,
      this.#limitsFile,
      this.#mountinfo,
      this.#memberships,
    ]) {
      file.close();
    }
  }

  #readRarely(): void {
    this.#limits = this.#limitsFile.parse(parseProcSelfLimits);
    const entries = this.#mountinfo.parse(parseMountinfo) ?? [];
    this.#mounts = chooseMounts(entries);
    this.#locateCgroups(entries);
  }

  #locateCgroups(entries: readonly MountEntry[]): void {
    const memberships = this.#memberships.parse(parseCgroupMemberships) ?? [];
    const mounts = entries.filter(({ fsType }) => fsType === "cgroup" || fsType === "cgroup2");
    const key = JSON.stringify([memberships, mounts]);
    if (key === this.#cgroupKey) return;
    this.#cgroupKey = key;
    this.#cgroup?.[Symbol.dispose]();
    const location = locateCgroups(memberships, mounts, this.#prefix);
    this.#cgroup = location && new CgroupReader(location, this.#context);
  }
}
