// What a stream can show: colours, links, how wide. What the user has said counts first.
//
//   NO_COLOR, unless empty          no colours, no links          https://no-color.org
//   FORCE_COLOR=0|false             none; otherwise, unless empty: colours      https://force-color.org
//   TERM=dumb                       none
//   a terminal                      colours; links where the terminal is known to have them
//   CI of a known kind              colours, no links
//   anything else                   none

/** What a stream can show. */
export interface TerminalAbilities {
  readonly color: boolean;
  readonly links: boolean;
  /** Columns. */
  readonly width: number;
}

/** The part of a stream that is looked at. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_WIDTH = 100;
const COLOURED_CI = ["GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE", "DRONE", "TRAVIS"];

/** What a stream can show, by itself and the environment. */
export function terminalAbilities(
  stream: OutputStream,
  env: Environment = process.env,
): TerminalAbilities {
  const color = hasColor(stream, env);
  const columns = stream.columns ?? Number(env["COLUMNS"] ?? DEFAULT_WIDTH);
  return {
    color,
    links: color && stream.isTTY === true && hasLinks(env),
    width: columns >= 20 && columns <= 1_000 ? Math.floor(columns) : DEFAULT_WIDTH,
  };
}

function hasColor({ isTTY }: OutputStream, env: Environment): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced !== "0" && forced !== "false";
  if (env["TERM"] === "dumb") return false;
  return isTTY === true || COLOURED_CI.some((name) => env[name] !== undefined);
}

function hasLinks(env: Environment): boolean {
  if (env["FORCE_HYPERLINK"] !== undefined) return env["FORCE_HYPERLINK"] !== "0";
  if ((env["CI"] ?? "") !== "") return false;
  if (
    /^(?:iTerm\.app|WezTerm|vscode|ghostty|Hyper|rio|WarpTerminal)$/.test(env["TERM_PROGRAM"] ?? "")
  ) {
    return true;
  }
  if (env["WT_SESSION"] !== undefined || env["KONSOLE_VERSION"] !== undefined) return true;
  if (Number(env["VTE_VERSION"] ?? 0) >= 5_000) return true;
  return /kitty|alacritty|foot|ghostty/.test(env["TERM"] ?? "");
}
