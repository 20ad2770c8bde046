import { suggestion } from '../errors.js';
import type { GoldContext } from './types.js';

/** Returns whether the label map says that entities with this label are not asked for. */
export function isDropped(raw: string, context: GoldContext): boolean {
  return context.labelMap.get(raw.trim()) === '';
}

/**
 * The profile's name for a label as it stands in labelled data: mapped, then by name, then by alias, each also
 * without regard to case.
 * @throws Error when there is none
 */
export function labelNamed(raw: string, context: GoldContext): string {
  const found = findLabel(raw.trim(), context);
  if (found !== null) return found;
  const names = context.labels.map((label) => label.name);
  throw new Error(
    `label "${raw}" is not one of ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}.${suggestion(raw, names)} ${context.wording.otherName(raw)}`,
  );
}

function findLabel(raw: string, context: GoldContext): string | null {
  const mapped = context.labelMap.get(raw) ?? raw;
  const lower = mapped.toLowerCase();
  const exact = context.labels.find((label) => label.name === mapped);
  if (exact !== undefined) return exact.name;
  const close = context.labels.find(
    (label) => label.name.toLowerCase() === lower || label.aliases.some((alias) => alias.toLowerCase() === lower),
  );
  return close?.name ?? null;
}
