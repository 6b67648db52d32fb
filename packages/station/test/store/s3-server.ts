// A real server that speaks S3 (s3rver), on loopback, with one bucket in a folder.

import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";

/** A server, and how to reach its bucket. */
export interface S3Server extends AsyncDisposable {
  readonly url: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}

interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}

const S3rverClass = createRequire(import.meta.url)("s3rver") as new (options: object) => S3rver;

/** Starts one. It knows one key, and looks at no signature: s3-place.test.ts does. */
export async function startS3(directory: string): Promise<S3Server> {
  const bucket = "windows";
  const server = new S3rverClass({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: bucket }],
  });
  const { port } = await server.run();
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (!isStopped) await server.close();
    isStopped = true;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    bucket,
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
