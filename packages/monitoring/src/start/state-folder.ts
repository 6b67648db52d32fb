// Where a program keeps what shall outlive it, without having been told.
//
//   STATE_DIRECTORY                      systemd's unit says StateDirectory=
//   XDG_STATE_HOME                       the XDG base directories
//   ~/.local/state                       their default; macOS: ~/Library/Application Support; Windows: %LOCALAPPDATA%
//
// The home is that of HOME unless it belongs to somebody else (sudo keeps HOME): then the one of the user database, so
// that root leaves nothing in a user's home that the user could not remove.

import { statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * The folder of this user's state.
 *
 * @returns undefined where there is none: no home, a relative one
 */
export function stateFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const [unit = ""] = (env["STATE_DIRECTORY"] ?? "").split(delimiter);
  const local = platform === "win32" ? env["LOCALAPPDATA"] : undefined;
  const given = [unit, env["XDG_STATE_HOME"] ?? "", local ?? ""].find((path) => isAbsolute(path));
  if (given !== undefined) return given;
  const home = ownHome();
  if (home === undefined) return undefined;
  if (platform === "darwin") return join(home, "Library", "Application Support");
  return platform === "win32" ? join(home, "AppData", "Local") : join(home, ".local", "state");
}

function ownHome(): string | undefined {
  try {
    const home = homedir();
    if (isAbsolute(home) && isOwn(home)) return home;
    const known = userInfo().homedir;
    return isAbsolute(known) && isOwn(known) ? known : undefined;
  } catch {
    return undefined;
  }
}

function isOwn(path: string): boolean {
  const uid = process.getuid?.();
  return uid === undefined || statSync(path).uid === uid;
}
