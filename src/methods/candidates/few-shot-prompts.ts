import type { Example, Label } from '../../types.js';
import { balancedExamples, labelOf } from '../few-shot.js';
import { type ExampleChoice, type FewShotPrompt, fits, longestOf, promptWith } from './few-shot-prompt.js';
import { mostRepresentative } from './representative.js';
import { ownTemplate } from './templates.js';
import type { TuneSession } from './types.js';

/** Tokens of an example in the prompt. */
const longestExample = 64;
/** Examples among which varied ones are looked for. */
const mostLooked = 100;

/** Prompts with so many examples each, as far as there are enough; 0 is the prompt without. No two are the same. */
export function fewShotPrompts(
  session: TuneSession,
  examples: readonly Example[],
  counts: readonly number[],
  {
    template = ownTemplate(session.profile),
    choice = 'first',
  }: Partial<Pick<FewShotPrompt, 'template' | 'choice'>> = {},
): FewShotPrompt[] {
  const prompts = counts.map((count) =>
    count === 0 ? promptWith(session, template, []) : fewShotPrompt(session, { template, choice, count }, examples),
  );
  return prompts.filter(
    (prompt, i): prompt is FewShotPrompt =>
      prompt !== null && prompts.findIndex((other) => other?.count === prompt.count) === i,
  );
}

/**
 * Further prompts with as many examples as one has, no example in two of them, each beginning with another label: the
 * last label before the text is said too readily. Null where there are not enough.
 * @param most how many
 */
export function furtherPrompts(
  session: TuneSession,
  examples: readonly Example[],
  first: FewShotPrompt,
  most: number,
): FewShotPrompt[] | null {
  const taken = new Set(first.inPrompt);
  const prompts: FewShotPrompt[] = [];
  while (prompts.length < most) {
    const next = fewShotPrompt(session, first, examples, taken, prompts.length + 1);
    if (next === null || next.count < first.count) return null;
    for (const example of next.inPrompt) taken.add(example);
    prompts.push(next);
  }
  return prompts;
}

/**
 * A prompt with `count` examples, as many of each label; null where there are not enough, or no room. Where a label is
 * rare, there are fewer of it, and none more of the others. With more labels than examples, labels that are apart in
 * the list are shown: what is alike often stands together there.
 * @param taken examples that stand in other prompts already
 * @param turn which label comes first
 */
function fewShotPrompt(
  session: TuneSession,
  { template, choice, count }: Pick<FewShotPrompt, 'template' | 'choice' | 'count'>,
  examples: readonly Example[],
  taken: ReadonlySet<Example> = new Set(),
  turn = 0,
): FewShotPrompt | null {
  const { profile } = session;
  const pool = examplePool(session, examples, choice, Math.ceil(count / profile.labels.length), taken);
  // Several labels are represented by the first; a text may have none.
  const occurring = new Set(examples.map(labelOf).filter((label) => label !== ''));
  const labels = occurring.size > count ? spread(profile.labels, new Set(pool.map(labelOf)), count) : profile.labels;
  const first = turn % labels.length;
  const chosen = balancedExamples(pool, [...labels.slice(first), ...labels.slice(0, first)], count);
  const shown = new Set(chosen.map(labelOf));
  // A label that is not shown would hardly ever be said, were there room for it.
  if (occurring.size > count ? shown.size < count : [...occurring].some((label) => !shown.has(label))) return null;
  const prompt = promptWith(session, template, chosen, choice);
  return fits(session, prompt.tokens(longestOf(examples))) ? prompt : null;
}

/** Chooses labels that may be shown, at even distances. */
function spread(labels: readonly Label[], showable: ReadonlySet<string>, count: number): Label[] {
  const own = labels.filter(({ name }) => showable.has(name));
  return own.filter((_, i) => Math.floor((i * count) / own.length) !== Math.floor(((i - 1) * count) / own.length));
}

/**
 * Examples that may stand in a prompt: short ones, at most a third of each label, since an example in a prompt is neither
 * learned from nor measured.
 */
function examplePool(
  session: TuneSession,
  examples: readonly Example[],
  choice: ExampleChoice,
  most: number,
  taken: ReadonlySet<Example>,
): Example[] {
  return session.profile.labels.flatMap(({ name }) => {
    const own = examples.filter((example) => labelOf(example) === name);
    const wanted = choice === 'first' ? most : mostLooked;
    const some = firstAllowed(session, own, wanted, taken);
    if (choice === 'first') return some;
    const texts = [...some, ...own.filter((example) => !some.includes(example))].map(({ record }) => record.text);
    return mostRepresentative(texts, some.length, most).map((i) => some[i] as Example);
  });
}

/** The first short examples that are not taken; of further ones no tokens are counted, which takes a minute for 10,000. */
function firstAllowed(
  session: TuneSession,
  own: readonly Example[],
  wanted: number,
  taken: ReadonlySet<Example>,
): Example[] {
  const allowed: Example[] = [];
  let left = Math.floor(own.length / 3);
  for (const example of own) {
    if (allowed.length >= wanted || left === 0) break;
    if (!isShort(session, example)) continue;
    left--;
    if (!taken.has(example)) allowed.push(example);
  }
  return allowed;
}

/** Returns whether an example may stand in a prompt. */
export function isShort({ engine }: TuneSession, { record }: Example): boolean {
  return engine.tokenize(record.text).length <= longestExample;
}
