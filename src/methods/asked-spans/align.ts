import type { Entity } from '../../types.js';

/** A span as a model names it. */
export interface Named {
  readonly text: string;
  readonly label: string;
}

/**
 * Finds each where it stands in the text, as it is written: those that are whole words somewhere before those that are
 * only parts of words, each at the first place that is free after the one before. What the text does not contain is
 * named, and is no entity.
 */
export function align(text: string, named: readonly Named[]): { entities: Entity[]; ungrounded: string[] } {
  const copies = named.map(({ text: quote, label }) => ({ copy: quote.trim(), label }));
  const found = copies.map(({ copy, label }) => ({ copy, label, places: placesOf(text, copy) }));
  const isWhole = ({ copy, places: [at = 0] }: (typeof found)[number]) =>
    !continues(text, at) && !continues(text, at + copy.length);
  const entities: Entity[] = [];
  for (const some of [found.filter(isWhole), found.filter((each) => !isWhole(each))]) {
    let after = 0;
    for (const { copy, label, places } of some) {
      const free = places.filter((start) => !entities.some((each) => overlaps(each, start, start + copy.length)));
      const start = free.find((place) => place >= after) ?? free[0];
      // Every place that it has is taken: it was named more often than it stands there.
      if (start === undefined) continue;
      entities.push({ text: copy, label, start, end: start + copy.length });
      after = start + copy.length;
    }
  }
  return {
    entities: entities.sort((a, b) => a.start - b.start || a.end - b.end),
    ungrounded: found.filter(({ places }) => places.length === 0).map(({ copy }) => copy),
  };
}

/** Where a copy stands as a whole word; if nowhere, where it stands at all. */
function placesOf(text: string, copy: string): number[] {
  if (copy === '') return [];
  const places: number[] = [];
  for (let at = text.indexOf(copy); at >= 0; at = text.indexOf(copy, at + 1)) places.push(at);
  const whole = places.filter((at) => !continues(text, at) && !continues(text, at + copy.length));
  return whole.length > 0 ? whole : places;
}

/** Returns whether a word goes on across this place. */
function continues(text: string, at: number): boolean {
  // Two units hold the character on either side: to search the whole text at each place takes minutes where it is long.
  return /[\p{L}\p{N}]$/u.test(text.slice(Math.max(0, at - 2), at)) && /^[\p{L}\p{N}]/u.test(text.slice(at, at + 2));
}

function overlaps(entity: Entity, start: number, end: number): boolean {
  return entity.start < end && start < entity.end;
}
