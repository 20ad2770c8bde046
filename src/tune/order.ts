import type { CandidatePlan } from '../methods/candidates/types.js';
import { createRandom, shuffle } from '../random.js';
import { taskTypes } from '../task-types/index.js';
import type { Example, TaskProfile } from '../types.js';

/** A shuffled order in which every beginning has each label's share. */
export function inRounds(profile: TaskProfile, examples: readonly Example[], seed: number): Example[] {
  const shuffled = shuffle(examples, createRandom(seed));
  const { stratumOf } = taskTypes[profile.type];
  const byLabel = new Map<string, Example[]>();
  for (const example of shuffled) {
    const label = stratumOf(example.gold);
    const known = byLabel.get(label);
    if (known === undefined) byLabel.set(label, [example]);
    else known.push(example);
  }
  const placed = [...byLabel.values()].flatMap((list) =>
    list.map((example, i) => ({ example, at: (i + 0.5) / list.length })),
  );
  return placed.sort((a, b) => a.at - b.at).map(({ example }) => example);
}

/** Examples that stand in prompts of some candidate: nothing is measured on them. */
export function reservedIn({ candidates, reserved }: CandidatePlan): ReadonlySet<Example> {
  return new Set([...candidates.flatMap(({ inPrompt }) => [...(inPrompt ?? [])]), ...(reserved ?? [])]);
}

/** The examples that candidates are measured on, in the order of the rounds: those of a round are the first of these. */
export function measuredExamples(
  profile: TaskProfile,
  plan: CandidatePlan,
  examples: readonly Example[],
  seed: number,
): Example[] {
  const reserved = reservedIn(plan);
  return inRounds(profile, examples, seed).filter((example) => !reserved.has(example));
}
