import { type AlphabetName, writtenWith } from '../../gguf/alphabet.js';
import { summarize, tokenBytes } from '../../gguf/summary.js';
import { methodOf } from '../../methods/index.js';
import { headerOfModel, type ResolvedModel } from '../../models/index.js';
import type { Fallback, Task } from '../../predict.js';
import type { TaskProfile } from '../../types.js';
import { openedOnce } from './opened-once.js';

/** Fewer tokens than this are not worth cutting. */
const smallVocabulary = 65_536;
/**
 * Smallest share of a model that its tokens have where they are cut: more if only they are, since a third of them goes
 * and the rest is copied. Of gemma-3-270m (0.72) that saves 28 %, of qwen2.5-coder-0.5b-instruct (0.49) 16 %.
 */
const leastShareOfTokens = { alone: 1 / 2, withLayers: 1 / 3 };

/**
 * The alphabet whose tokens suffice for this task: all that the profile itself puts before the model is written with
 * it. Null where the vocabulary is small, as it is beside a large model, or where results of the method could depend on it.
 */
export function coveringAlphabet(profile: TaskProfile, model: ResolvedModel): AlphabetName | null {
  const { vocabulary, reads, headOf } = methodOf(profile);
  if (vocabulary === 'whole') return null;
  const header = headerOfModel(model);
  const { vocabularySize, tensorBytes } = summarize(header);
  const least = headOf?.(profile) === undefined ? leastShareOfTokens.alone : leastShareOfTokens.withLayers;
  if ((vocabularySize ?? 0) < smallVocabulary || tokenBytes(header) < least * tensorBytes) return null;
  const read = reads?.(profile) ?? profile.examples.map(({ record }) => record.fields);
  const own = JSON.stringify([profile.prompt, profile.labels, profile.options, read]);
  return writtenWith('latin', own) ? 'latin' : null;
}

/** The whole model beside one with a cut vocabulary, for records that are not all written with its alphabet. */
export function fallbackFor(profile: TaskProfile, alphabet: AlphabetName, open: () => Promise<Task>): Fallback {
  return {
    ...openedOnce(open),
    covers: (record) =>
      writtenWith(alphabet, record.text) &&
      Object.entries(record.fields).every(
        ([name, value]) => name === profile.input || writtenWith(alphabet, JSON.stringify(value) ?? ''),
      ),
  };
}
