// Runs the failing programs, and says of each the fingerprint and the report. Its argument is the bundle of @flx/monitoring/errors.

import { programs } from "./failing.js";

const { RichErrorHandler } = await import(process.argv[2]);
const handler = new RichErrorHandler({ format: "plain", showCode: false, showNode: true });
const told = {};
for (const [name, fail] of Object.entries(programs)) {
  let error;
  try {
    error = await fail();
  } catch (thrown) {
    error = thrown;
  }
  told[name] = [handler.report(error).fingerprint, handler.format(error)];
}
console.log(JSON.stringify({ node: process.version, told }));
