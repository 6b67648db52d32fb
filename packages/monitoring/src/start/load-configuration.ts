// Finds the sources and makes the configuration of them: options, the file, variables.
//
// The parser of YAML is loaded only where there is a file.

import { Configuration, type ExplainedConfig } from "./configuration.ts";
import type { MonitoringOptions } from "./options.ts";
import { refuse } from "./setting-values.ts";

/**
 * The configuration that `startMonitoring(options)` would start with.
 *
 * @throws {FlxError} `FLX_CONFIG_FILE`, `FLX_CONFIG_VALUE`, `FLX_CONFIG_OPTION` for what cannot be
 */
export async function loadConfiguration(
  options: MonitoringOptions = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Configuration> {
  // Where no compiler says so: startMonitoring("orders").
  if (typeof options !== "object" || options === null) {
    refuse("what startMonitoring is given", 'an object like { service: "orders" }', options);
  }
  const path = options.configFile ?? env["OTEL_CONFIG_FILE"]?.trim() ?? "";
  if (path === "") return new Configuration({ options, env });
  const { readConfigFile } = await import("./config-file.ts");
  return new Configuration({ options, env, file: { path, values: readConfigFile(path, env) } });
}

/**
 * Each setting with its value and the place it comes from, secrets masked; starts nothing.
 *
 *     console.log(String(await explainConfig({ service: "orders" })));
 *
 * @throws {FlxError} as `loadConfiguration`
 */
export async function explainConfig(
  options: MonitoringOptions = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ExplainedConfig> {
  return (await loadConfiguration(options, env)).explain();
}
