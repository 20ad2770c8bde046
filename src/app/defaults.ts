/** Defaults of the command line, the library and the server. */
export const defaults = {
  /** Longest line or document of an input, bytes. */
  maxRecordSize: 8 << 20,
  /** Seed of the bootstrap, and of every draw of a search. */
  seed: 1,
  tuning: { method: 'auto', budget: 600_000, take: 'simplest', compare: true, words: true },
} as const;
