// How this command was called, so that the lines it prints can be pasted where they are read.
//
//   flx up                       flx
//   npx flx up, a script of npm  npx flx
//   npm run flx -- up            npm run -s flx --
//
// npm tells its children in variables; so do pnpm and yarn, in whose projects npx finds the command as well.

const BY_NPM: ReadonlySet<string> = new Set(["exec", "run", "run-script", "start"]);

/** The words that run this command again. */
export function howCalled(variables: NodeJS.ProcessEnv = process.env): string {
  if (variables["npm_lifecycle_event"] === "flx") return "npm run -s flx --";
  return BY_NPM.has(variables["npm_command"] ?? "") ? "npx flx" : "flx";
}
