// The version of this package, for `telemetry.sdk.version`; a test compares it with package.json, which is not read at run time.

/** As in package.json. */
export const SDK_VERSION = "0.1.0";
