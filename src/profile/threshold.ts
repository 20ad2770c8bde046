import { suggestion, usageError } from '../errors.js';
import { taskTypes } from '../task-types/index.js';
import type { Label, Threshold } from '../types.js';
import type { Locate } from '../yaml.js';
import type { RawProfile } from './schema.js';

/**
 * The threshold of a task, or the usual one of its type.
 * @throws SlmError where results below it would become something that is no label
 */
export function thresholdOf(raw: RawProfile, labels: readonly Label[], at: Locate): Threshold {
  const given = raw.threshold;
  const usual = taskTypes[raw.type].usualThreshold(raw.multiLabel);
  if (given === undefined) return { min: usual, below: 'abstain' };
  if (typeof given === 'number') return { min: given, below: 'abstain' };
  const names = labels.map((label) => label.name);
  if (given.below !== 'abstain' && (!taskTypes[raw.type].comparesLabels || raw.multiLabel)) {
    throw usageError(
      `${at(['threshold', 'below'])}: only a task that gives each text one label can fall back to another.`,
      'Leave "below" out.',
    );
  }
  if (given.below !== 'abstain' && !names.includes(given.below)) {
    throw usageError(
      `${at(['threshold', 'below'])}: "${given.below}" is neither "abstain" nor a label.${suggestion(given.below, ['abstain', ...names])}`,
    );
  }
  return given;
}
