// Why a file or a folder could not be used, in words: who reads it may not know what ENOTDIR is.
//
//   cannot read flx.yml: there is no such file or folder (ENOENT)

const WORDS: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EEXIST: "something else has this name",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many files are open on this machine",
  ENOENT: "there is no such file or folder",
  ENOSPC: "no space is left",
  ENOTDIR: "a part of its path is no folder",
  EPERM: "this user may not",
  EROFS: "it can only be read there",
};

/** What the system said of a file: in words, with its code for those who look it up. */
export function fileFault(error: unknown): string {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === undefined) return message ?? String(error);
  const words = WORDS[code];
  return words === undefined ? code : `${words} (${code})`;
}
