// What secrets look like, as patterns.
//
//   by shape     AKIA..., ghp_..., xoxb-..., eyJ....eyJ....sig, a private key    wherever they stand
//   by scheme    Bearer ..., Basic ...                                           the word stays
//   by name      password=..., "apiKey": "...", Cookie: ...                      the name stays
//
// Every quantifier that can meet hostile text is bounded or meets each character once, so that a text of n characters
// takes time in the order of n (redact.test.ts has the worst ones). Too much is taken away rather than too little: a
// word after `token:` that was none is a smaller loss than one that was.
//
// Source: the documentation of the services whose keys these are.

/** A pattern and what stands in its place: `$1` is what stays. */
export interface SecretShape {
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/** Names whose value is a secret; they may be the end of a longer name (`DB_PASSWORD`, `clientSecret`). */
const NAMES = [
  "passwords?",
  "passwd",
  "pwd",
  "pass",
  "passphrase",
  "passcode",
  "secrets?",
  "secret[_-]?access[_-]?key",
  "token",
  "api[_ -]?key",
  "access[_-]?key",
  "account[_-]?key",
  "shared[_-]?access[_-]?(?:key|signature)",
  "secret[_-]?key",
  "private[_-]?key",
  "signing[_-]?key",
  "encryption[_-]?key",
  "master[_-]?key",
  "credentials?",
  "signature",
  "session[_-]?id",
  "connection[_-]?string",
].join("|");

const NAME_END = "(?:[_-]?(?:hash|value|key|id|text|string|base64|b64|[0-9]{1,4}))?";

/** `"`, `'`, or one of them escaped, as in JSON inside of JSON. */
const QUOTE = String.raw`(?:\\{0,3}["'])`;

/** A value up to its closing quote; or up to a blank, or to the separator before the next `name=`. */
const VALUE = [
  String.raw`(?:\\{1,3}"[^"\r\n]*(?:"|$))`,
  String.raw`"(?:[^"\\]|\\[^])*(?:"|$)`,
  String.raw`'(?:[^'\\]|\\[^])*(?:'|$)`,
  String.raw`[^\s"'&;,][^\s&;,]*(?:[&;,](?![\w.-]{1,64}=)[^\s&;,]*)*`,
].join("|");

const blocks: readonly SecretShape[] = [
  {
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY[A-Z ]{0,16}-----[^]*?(?:-----END [A-Z0-9 ]{0,64}PRIVATE KEY[A-Z ]{0,16}-----|$)/g,
    replacement: REDACTED,
  },
];

const named: readonly SecretShape[] = [
  {
    // A header's value goes to the end of the line, or to the quote when the whole stands in one.
    pattern: new RegExp(
      String.raw`((?:authorization|cookie|x-api-key|x-auth-token)${QUOTE}?[ \t]{0,8}[:=][ \t]{0,8})(?:\\{0,3}"[^"\r\n]*|\\{0,3}'[^'\r\n]*|[^\s"'][^\r\n"]*)`,
      "gi",
    ),
    replacement: `$1${REDACTED}`,
  },
  {
    pattern: new RegExp(
      String.raw`((?:${NAMES})${NAME_END}${QUOTE}?\s{0,8}(?:=>|:=|[:=])\s{0,8})(?:${VALUE})`,
      "gi",
    ),
    replacement: `$1${REDACTED}`,
  },
  {
    // --password hunter2; PASSWORD 'hunter2' and IDENTIFIED BY 'hunter2' of SQL
    pattern: new RegExp(
      String.raw`((?:--?[\w-]{0,32}(?:password|passwd|pass|pwd|secret|token|api-?key)\s{1,8}|\bpassword\s{1,8}(?=["'])|\bidentified\s{1,8}by\s{1,8}(?=["'])))(?:${VALUE})`,
      "gi",
    ),
    replacement: `$1${REDACTED}`,
  },
  {
    pattern: /\b(bearer\s{1,8})[\w.~+/=:-]{6,}/gi,
    replacement: `$1${REDACTED}`,
  },
  {
    // "Basic authentication failed" is no secret: base64 of name:password has a capital or a digit.
    pattern:
      /\b((?:[Bb]asic|[Nn]egotiate|[Tt]oken|[Aa]pi[Kk]ey|NTLM)\s{1,8})(?=[\w.~+/-]{0,64}[A-Z0-9=])[\w.~+/=-]{8,}/g,
    replacement: `$1${REDACTED}`,
  },
];

const WORD_START = String.raw`(?<![A-Za-z0-9])`;

const shaped: readonly SecretShape[] = [
  // JSON Web Tokens, also encrypted ones
  String.raw`eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*){0,3}`,
  // Amazon's key ids
  String.raw`(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ABIA|ACCA)[A-Z0-9]{12,}`,
  // GitHub, GitLab, npm, PyPI
  String.raw`gh[pousr]_[A-Za-z0-9]{16,}`,
  String.raw`github_pat_\w{16,}`,
  String.raw`gl(?:pat|rt|dt|cbt|ptt|ft|soat|oas)-[\w.-]{16,}`,
  String.raw`npm_[A-Za-z0-9]{20,}`,
  String.raw`pypi-[\w-]{16,}`,
  // Slack, Discord, Telegram
  String.raw`xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}`,
  String.raw`xapp-[A-Za-z0-9-]{8,}`,
  String.raw`hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{8,}`,
  String.raw`discord(?:app)?\.com/api/webhooks/[\w/-]{8,}`,
  String.raw`[0-9]{8,10}:AA[\w-]{30,}`,
  // Stripe, Google, SendGrid, Twilio, OpenAI, Anthropic, Vault, DigitalOcean, age
  String.raw`(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}`,
  String.raw`AIza[\w-]{30,}`,
  String.raw`ya29\.[\w-]{16,}`,
  String.raw`GOCSPX-[\w-]{16,}`,
  String.raw`SG\.[\w-]{12,}\.[\w-]{12,}`,
  String.raw`(?:SK|AC)[0-9a-f]{32}`,
  String.raw`sk-[\w-]{16,}`,
  String.raw`hv[sbr]\.[\w-]{16,}`,
  String.raw`do[opr]_v1_[0-9a-f]{32,}`,
  String.raw`AGE-SECRET-KEY-1[A-Z0-9]{16,}`,
  // Amazon's secret keys: 40 characters with capitals, small letters and digits, so that no hash is taken. The last one,
  // since parts of others look like it
  String.raw`(?<![/+=])(?=[A-Za-z/+]{0,39}[0-9])(?=[a-z0-9/+]{0,39}[A-Z])(?=[A-Z0-9/+]{0,39}[a-z])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])`,
].map((shape) => ({ pattern: new RegExp(WORD_START + shape, "g"), replacement: REDACTED }));

/** All shapes, in the order in which they are to be applied. */
export const SECRET_SHAPES: readonly SecretShape[] = [...blocks, ...named, ...shaped];

/** The end of a name whose value is a secret, as a part of a pattern. */
export const SECRET_NAME_END: string = `(?:${NAMES})s?${NAME_END}`;
