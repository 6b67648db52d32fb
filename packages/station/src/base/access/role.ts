// What somebody may do, and who somebody is.
//
//   read    look at anything kept            write   send data
//   admin   change the station: both of them, and more
//
// read and write stand apart on purpose: the token in a service's environment sends, and shows nothing to who finds it.

/** What must be allowed: nothing, to look, to send data, to change the station. */
export type Role = "public" | "read" | "write" | "admin";

/** The roles that can be given. */
export const GIVEN_ROLES: readonly Exclude<Role, "public">[] = ["read", "write", "admin"];

/** Who asks, as far as known. */
export interface Identity {
  /** For audit lines: a user's name, "anonymous". */
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
}

/** Whether an identity may do what a role allows. */
export function allows({ roles }: Pick<Identity, "roles">, role: Role): boolean {
  return role === "public" || roles.has(role) || roles.has("admin");
}
