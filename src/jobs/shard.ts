/** One of several parts that an input is dealt out to, like cards: record 0 to part 1, record 1 to part 2, … */
export interface Shard {
  /** From 1. */
  readonly part: number;
  readonly parts: number;
}

/** `2/8`; null for anything that is no part. */
export function parseShard(text: string): Shard | null {
  const match = /^(\d{1,9})\/(\d{1,9})$/u.exec(text);
  if (match === null) return null;
  const shard = { part: Number(match[1]), parts: Number(match[2]) };
  return shard.part >= 1 && shard.part <= shard.parts ? shard : null;
}

/** Returns whether the record at this 0-based position of the whole input belongs to the part. */
export function isInShard(index: number, { part, parts }: Shard): boolean {
  return index % parts === part - 1;
}
