// Backups by API, for whoever may administer the station.
//
//   POST /api/v1/backups          name (a form; default: the time): begins one
//   GET  /api/v1/backups/:name    what became of it: running, done, failed

import type { FlxError } from "@flx/model";
import type { Backups } from "../../store/backup/backups.ts";
import { Refusal } from "../http/refusal.ts";
import type { Route } from "../http/route.ts";
import { success } from "../prometheus/envelope.ts";

/** The routes of backups. */
export function backupRoutes(backups: Backups): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/api/v1/backups",
      role: "admin",
      answer: (request) => {
        try {
          return success(backups.start(request.parameter("name")));
        } catch (error) {
          const { code, message } = error as FlxError;
          if (code === "FLX_BACKUP_NAME") throw new Refusal("bad_data", message, { cause: error });
          if (code !== "FLX_BACKUP_BUSY") throw error;
          throw new Refusal("unavailable", message, { cause: error, status: 409 });
        }
      },
    },
    {
      method: "GET",
      path: "/api/v1/backups/:name",
      role: "admin",
      answer: (request) => {
        const found = backups.get(request.params.get("name")!);
        if (found !== undefined) return success(found);
        throw new Refusal("not_found", "no such backup was asked for since the station started");
      },
    },
  ];
}
