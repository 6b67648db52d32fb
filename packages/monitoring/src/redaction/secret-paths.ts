// Places of secrets in data, as dotted paths; `*` stands for one name.
//
//   "user.email", "headers.*", "*.card"        user ─ email •       the same for `headers`, and for everything else a card
//                                              │      card •        below `user` there is one, too
//
// What `*` stands for is put under each name when the tree is built, so that walking it looks one name up.

/** A place on the way of paths. */
export interface SecretPath {
  readonly children: Map<string, SecretPath>;
  /** All that is here is a secret. */
  isEnd: boolean;
}

/** The beginning of all paths; undefined when there are none. */
export function secretPaths(paths: readonly string[]): SecretPath | undefined {
  if (paths.length === 0) return undefined;
  const root = place();
  for (const path of paths) {
    let at = root;
    for (const name of path.split(".")) at = child(at, name);
    at.isEnd = true;
  }
  spread(root);
  return root;
}

/** The place one name further; undefined when no path leads there. */
export function pathBelow(at: SecretPath | undefined, name: string): SecretPath | undefined {
  return at === undefined ? undefined : (at.children.get(name) ?? at.children.get("*"));
}

function place(): SecretPath {
  return { children: new Map(), isEnd: false };
}

function child(at: SecretPath, name: string): SecretPath {
  let next = at.children.get(name);
  if (next === undefined) {
    next = place();
    at.children.set(name, next);
  }
  return next;
}

function spread(at: SecretPath): void {
  const any = at.children.get("*");
  for (const [name, next] of at.children) {
    if (any !== undefined && name !== "*") graft(any, next);
    spread(next);
  }
}

function graft(from: SecretPath, to: SecretPath): void {
  to.isEnd ||= from.isEnd;
  for (const [name, next] of from.children) graft(next, child(to, name));
}
