/** For tests of permissions, which root does not need: options for a child process, of another user where we are root. */
export const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Does work for which permissions count, also where we are root. */
export function withPermissions<T>(work: () => T): T {
  const { uid } = unprivileged;
  if (uid === undefined) return work();
  process.seteuid?.(uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}
