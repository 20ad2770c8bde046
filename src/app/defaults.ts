/** What the doors do where nobody says otherwise. */
export const defaults = {
  /** Longest line or document of an input, bytes. */
  maxRecordSize: 8 << 20,
  /** Of the bootstrap, and of every draw of a search. */
  seed: 1,
  tuning: { method: 'auto', budget: 600_000, take: 'simplest', compare: true, words: true },
} as const;
