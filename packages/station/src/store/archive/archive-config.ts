// The section `store.archive`: where closed windows are copied to.
//
//   store:
//     archive: { path: /mnt/archive }
//
//   store:
//     archive:
//       s3: { endpoint: "https://s3.eu-central-1.amazonaws.com", region: eu-central-1, bucket: flx, prefix: station-1,
//             access_key_id: AKIA..., secret_access_key_file: /run/secrets/s3 }

import type { Bytes, DurationMs } from "@flx/model";
import type { Secret } from "../../config/secret.ts";
import {
  byteSize,
  duration,
  filePath,
  plainText,
  secret,
  secretFile,
  url,
} from "../../config/scalars.ts";
import { checked, optional, type Shape, withDefault } from "../../config/shape.ts";
import { section } from "../../config/structures.ts";
import type { ArchivePlace } from "./archive-place.ts";
import { FolderPlace } from "./folder-place.ts";
import { S3Place } from "./s3-place.ts";

/** A bucket. */
export interface S3Config {
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly access_key_id: string;
  readonly secret_access_key: Secret | undefined;
  readonly secret_access_key_file: Secret | undefined;
}

/** What the section holds. */
export interface ArchiveConfig {
  readonly path: string | undefined;
  readonly s3: S3Config | undefined;
  /** 0: windows stay for good. */
  readonly retention: DurationMs;
  readonly cache: Bytes;
}

const GIB = 1024 ** 3;

function matching(pattern: RegExp, what: string): Shape<string> {
  return checked(plainText(), (text) => (pattern.test(text) ? undefined : `is no ${what}`));
}

const s3: Shape<S3Config> = section(
  {
    endpoint: url(),
    region: withDefault(matching(/^[a-z0-9-]{1,64}$/, "region"), "us-east-1"),
    bucket: matching(/^[a-z0-9][a-z0-9.-]{1,62}$/, "name of a bucket"),
    prefix: withDefault(matching(/^[A-Za-z0-9_-][A-Za-z0-9_./-]{0,511}$/, "prefix"), ""),
    access_key_id: plainText({ minLength: 1 }),
    secret_access_key: optional(secret()),
    secret_access_key_file: optional(secretFile()),
  },
  {
    *rules({ secret_access_key: key, secret_access_key_file: file }) {
      if ((key === undefined) === (file === undefined)) {
        yield ["", "give secret_access_key or secret_access_key_file"];
      }
    },
  },
);

/** The section. */
export const archiveSection: Shape<ArchiveConfig> = section(
  {
    path: optional(filePath()),
    s3: optional(s3),
    retention: withDefault(duration(), 0 as DurationMs, "0s"),
    cache: withDefault(byteSize({ min: 1024 * 1024 }), GIB as Bytes, "1GB"),
  },
  {
    *rules({ path, s3: bucket }) {
      if ((path === undefined) === (bucket === undefined)) yield ["", "give path or s3"];
    },
  },
);

/** The place that a configuration means. */
export function archivePlace({
  path,
  s3: bucket,
}: Pick<ArchiveConfig, "path" | "s3">): ArchivePlace {
  if (path !== undefined) return new FolderPlace(path);
  const { endpoint, region, prefix, access_key_id: accessKeyId } = bucket!;
  return new S3Place({
    endpoint,
    region,
    bucket: bucket!.bucket,
    prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`,
    accessKeyId,
    secretAccessKey: (bucket!.secret_access_key ?? bucket!.secret_access_key_file)!,
  });
}
