import { homedir, userInfo } from 'node:os';
import path from 'node:path';

/**
 * The user's home and name. Containers run programs under numbers that no list of users has (`docker run --user`); where
 * the system knows no home, it is the root folder, as Docker sets it, and the number is the name.
 */
export function account(): { readonly home: string; readonly user: string } {
  return {
    home: orWithout(homedir, () => path.parse(process.execPath).root),
    user: orWithout(
      () => userInfo().username,
      () => String(process.getuid?.() ?? 'user'),
    ),
  };
}

function orWithout<T>(ask: () => T, without: () => T): T {
  try {
    return ask();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
    return without();
  }
}
