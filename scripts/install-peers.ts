// npm run conformance:install: the real servers that conformance tests run beside ours.
//
// Installs the packages of the table in testkit/src/peers.ts, only those that are missing, and says what is
// there. What Debian has not comes from npm, into a folder beside the workspace's own packages.
//
// Debian starts a server when its package is installed and enables it for the next boot;
// nobody who wants to run our tests asked for a Prometheus on port 9090. So, around `apt-get install`:
//
//   /usr/sbin/policy-rc.d    Debian's own switch: "exit 101" means "start no service now". Ours stands there
//                            only while apt-get runs; one that was there before is put aside and put back,
//                            also after Ctrl-C or a failure. (Services of dependencies that happen to be
//                            upgraded are not restarted either.)
//   systemctl disable        afterwards, for the units of the packages that this run installed, and no others.
//
// Nothing is masked: `systemctl enable --now prometheus` works afterwards as ever.
//
// Plain `node scripts/install-peers.ts`, without the source condition: so no imports of @flx/* packages.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { findPeer, npmPeers, peerNames, peers } from "../testkit/src/peers.ts";

/** What runs as root: `sh -c installScript sh POLICY_FILE PACKAGE...` */
export const installScript = `
set -eu
policy=$1; shift
saved=$policy.flx-saved

restore() {
  rm -f "$policy"
  if [ -e "$saved" ] || [ -L "$saved" ]; then mv "$saved" "$policy"; fi
}
# What is left of a run that was killed: then the policy in place is ours.
if [ -e "$saved" ] || [ -L "$saved" ]; then restore; fi

trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -e "$policy" ] || [ -L "$policy" ]; then mv "$policy" "$saved"; fi
printf '#!/bin/sh\\nexit 101\\n' >"$policy"
chmod 755 "$policy"

apt-get update
# Not every release has every server: what it has is installed.
wanted=
for package in "$@"; do
  if apt-cache show "$package" >/dev/null 2>&1; then wanted="$wanted $package"
  else echo "this release has no package $package" >&2; fi
done
set -- $wanted
[ $# -gt 0 ] || exit 1
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"

if command -v systemctl >/dev/null; then
  for package in "$@"; do
    for unit in $(dpkg -L "$package" | sed -n 's#^\\(/usr\\)\\{0,1\\}/lib/systemd/system/\\([^/@]*\\.\\(service\\|timer\\|socket\\)\\)$#\\2#p'); do
      systemctl disable --quiet "$unit" || echo "could not disable $unit" >&2
    done
  done
fi
`;

const policyFile = "/usr/sbin/policy-rc.d";

function main(): number {
  const { debian: missing, npm } = report();
  if (npm.length > 0) {
    process.stdout.write(`\nInstalling ${npm.join(" ")}\n`);
    const status = installFromNpm(npm);
    if (status !== 0) return status;
  }
  if (missing.length === 0) return npm.length === 0 || isWhole() ? 0 : 1;

  const asRoot = rootPrefix();
  if (!has("apt-get") || asRoot === undefined) {
    const why = has("apt-get") ? "neither root nor sudo" : "no apt-get on this system";
    process.stderr.write(
      `Cannot install (${why}). Install these yourself, under these names or those of your system:\n` +
        `  apt-get install --no-install-recommends ${missing.join(" ")}\n`,
    );
    return 1;
  }
  process.stdout.write(`\nInstalling ${missing.join(" ")}\n`);
  const [command, ...args] = [...asRoot, "sh", "-c", installScript, "sh", policyFile];
  const { status } = spawnSync(command, [...args, ...missing], { stdio: "inherit" });
  if (status !== 0) return status ?? 1;

  return isWhole() ? 0 : 1;
}

/** Packages that are missing. */
interface Missing {
  readonly debian: readonly string[];
  readonly npm: readonly string[];
}

/** Says once more what is there. */
function isWhole(): boolean {
  process.stdout.write("\n");
  const { debian, npm } = report();
  return debian.length + npm.length === 0;
}

function installFromNpm(packages: readonly string[]): number {
  const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
  mkdirSync(npmPeers, { recursive: true });
  const args = ["install", "--prefix", npmPeers, ...options, ...packages];
  return spawnSync("npm", args, { stdio: "inherit" }).status ?? 1;
}

/** Prints each peer with version and path; returns the packages of those that are missing. */
function report(): Missing {
  const [debian, npm] = [new Set<string>(), new Set<string>()];
  for (const name of peerNames) {
    const found = findPeer(name);
    const text = found === undefined ? "missing" : `${found.version.padEnd(24)} ${found.path}`;
    process.stdout.write(`${name.padEnd(18)} ${text}\n`);
    if (found !== undefined) continue;
    const { debianPackage, npmPackage, servicePackages = [] } = peers[name];
    if (npmPackage !== undefined) npm.add(`${npmPackage.name}@${npmPackage.version}`);
    if (debianPackage === undefined) continue;
    for (const each of [debianPackage, ...servicePackages]) debian.add(each);
  }
  return { debian: [...debian], npm: [...npm] };
}

function rootPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return has("sudo") ? ["sudo"] : undefined;
}

function has(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" }).status === 0;
}

if (import.meta.main) process.exitCode = main();
