/** Errors of records as they come: each is said once, and counted. */
export interface ErrorTally {
  /** @param where the record, for the first one with this error */
  note(where: string, error: string): void;
  /** Says how often those came that came more than once. */
  end(): void;
}

/** Errors that are remembered. A million broken lines have a million errors, each with its own line. */
const mostErrors = 1000;

/** @param notice says a line to the user */
export function errorTally(notice: (text: string) => void): ErrorTally {
  const counts = new Map<string, number>();
  return {
    note(where, error) {
      const before = counts.get(error) ?? 0;
      // The same for a million records says no more than once.
      if (before === 0) notice(`${where}: ${error}`);
      if (before > 0 || counts.size < mostErrors) counts.set(error, before + 1);
    },
    end() {
      for (const [error, count] of counts) if (count > 1) notice(`${count} records: ${error}`);
    },
  };
}
