import type { Entity, ExtractOutput, Gold, Output } from '../../types.js';

/** The entities of gold or of an output; none where it is of another type. */
export function entitiesOf(value: Gold | Output | null | undefined): readonly Entity[] {
  return value?.type === 'extract' ? value.entities : [];
}

/** An output of these entities. */
export function extracted(entities: readonly Entity[]): ExtractOutput {
  return { type: 'extract', entities };
}
