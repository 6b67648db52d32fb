// The linter's rules: what a machine can decide. Layers come from the table in layers.ts.
//
// Type-aware rules run through tsgolint (TypeScript 7); `npm run check` denies warnings, so a rule is
// either on and kept, or off.

import { defineConfig, type OxlintConfig, type OxlintOverride } from "oxlint";
import { packageImports, purePackages, stationFolders, stationRoots } from "./layers.ts";

type Pattern = { regex: string; message: string };

const testFiles = ["**/*.test.ts", "**/test/**", "**/*.bench.ts"];

/** The import patterns a package must not use: packages outside its list, and ways around them. */
function forbiddenInPackage(name: string): Pattern[] {
  const allowed = packageImports[name] ?? [];
  const others = Object.keys(packageImports).filter((p) => p !== name && !allowed.includes(p));
  const list = allowed.length === 0 ? "no other package" : `only ${allowed.join(", ")}`;
  const patterns: Pattern[] = [
    {
      regex: `^@flx/(${others.join("|")})($|/)`,
      message: `Layer violation: ${name} imports ${list} (layers.ts).`,
    },
    {
      regex: `(^|/)\\.\\./(${Object.keys(packageImports).join("|")})/`,
      message: "Import another package by its name, not by a path into its folder.",
    },
    {
      regex: "^@flx/(shop|conformance|benchmarks)($|/)",
      message: "Packages do not import examples, conformance or benchmarks.",
    },
  ];
  if (purePackages.includes(name)) {
    patterns.push({
      regex: "^node:",
      message: `${name} is pure: no I/O, no clock, and it runs in browsers.`,
    });
  }
  return patterns;
}

/** The import patterns a folder of the station must not use: every folder to its right. */
function forbiddenInFolder(index: number): Pattern[] {
  const right = stationFolders.slice(index + 1);
  const folder = stationFolders[index];
  const patterns: Pattern[] = [
    {
      regex: `(^|/)\\.\\./(${stationRoots.join("|")})\\.ts$`,
      message: `Layer violation: ${stationRoots.join(" and ")} know every part; no part knows them (layers.ts).`,
    },
  ];
  if (right.length > 0) {
    patterns.push({
      regex: `(^|/)\\.\\./(${right.join("|")})/`,
      message: `Layer violation: ${folder} imports only folders to its left (layers.ts).`,
    });
  }
  return patterns;
}

const layerOverrides: OxlintOverride[] = [
  ...Object.keys(packageImports).map((name): OxlintOverride => ({
    files: [`packages/${name}/src/**/*.ts`, `packages/${name}/src/**/*.tsx`],
    excludeFiles: purePackages.includes(name) ? testFiles : [],
    rules: { "no-restricted-imports": ["error", { patterns: forbiddenInPackage(name) }] },
  })),
  ...stationFolders.map((folder, index): OxlintOverride => ({
    files: [`packages/station/src/${folder}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [...forbiddenInPackage("station"), ...forbiddenInFolder(index)] },
      ],
    },
  })),
  ...purePackages.map((name): OxlintOverride => ({
    files: [`packages/${name}/src/**/*.ts`],
    excludeFiles: testFiles,
    rules: {
      "no-restricted-globals": [
        "error",
        "process",
        "Buffer",
        "performance",
        "fetch",
        "console",
        "setTimeout",
        "setInterval",
        "setImmediate",
        "queueMicrotask",
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: `${name} reads no clock: take the time.` },
        { object: "Math", property: "random", message: `${name} is deterministic.` },
      ],
    },
  })),
];

const config: OxlintConfig = defineConfig({
  plugins: ["typescript", "import", "node", "unicorn", "oxc", "promise"],
  options: { typeAware: true },
  categories: { correctness: "error", suspicious: "error", perf: "error" },
  ignorePatterns: ["**/node_modules/**", "**/dist/**", "**/testdata/**"],
  rules: {
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-default-export": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-floating-promises": [
      "error",
      {
        // node:test collects its tests itself.
        allowForKnownSafeCalls: [
          { from: "package", package: "node:test", name: ["test", "suite", "describe", "it"] },
        ],
      },
    ],
    "typescript/no-misused-promises": "error",
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/no-explicit-any": "error",
    // Typed arrays are read inside their bounds: `!` after an index is how noUncheckedIndexedAccess is answered there.
    "typescript/no-non-null-assertion": "off",
    // Branded units are made by an assertion, once, where the number enters.
    "typescript/no-unsafe-type-assertion": "off",
    // Doing one thing after the other is often what is meant; Promise.all is a decision, not a default.
    "no-await-in-loop": "off",
    // A table test names its check `f` and keeps it where it is used.
    "unicorn/consistent-function-scoping": "off",
    // `fc.property` reads better than a bare `property`.
    "import/no-named-as-default-member": "off",
    "typescript/prefer-readonly": "error",
    "typescript/only-throw-error": "error",
    eqeqeq: "error",
    "no-var": "error",
    "prefer-const": "error",
    "unicorn/prefer-node-protocol": "error",
  },
  overrides: [
    ...layerOverrides,
    { files: ["*.config.ts"], rules: { "import/no-default-export": "off" } },
  ],
});

export default config;
