import type { FewShotExample } from '../../prompt.js';
import { answersIn } from '../../task-types/answer/values.js';
import type { Example } from '../../types.js';
import type { VerdictOptions } from './options.js';

/** The place of the right verdict; −1 where an example has none. */
export function goldVerdict({ gold }: Pick<Example, 'gold'>, verdicts: readonly string[]): number {
  const [answer] = answersIn(gold);
  return answer === undefined ? -1 : verdictOf(answer, verdicts);
}

export function verdictOf(answer: string, verdicts: readonly string[]): number {
  return verdicts.findIndex((verdict) => verdict.toLowerCase() === answer.trim().toLowerCase());
}

/** Examples with their own passage, one of each verdict in turn. */
export function verdictExamples(
  examples: readonly Example[],
  { verdicts, shots, contextField }: VerdictOptions,
): Example[] {
  const own = examples.filter(({ record }) => typeof record.fields[contextField] === 'string');
  const byVerdict = verdicts.map((_, at) => own.filter((example) => goldVerdict(example, verdicts) === at));
  return Array.from({ length: shots }, (_, i) => {
    const example = byVerdict[i % verdicts.length]?.[Math.floor(i / verdicts.length)];
    return example === undefined ? [] : [example];
  }).flat();
}

/** The same, as they stand in a prompt. */
export function verdictShots(examples: readonly Example[], options: VerdictOptions): FewShotExample[] {
  return verdictExamples(examples, options).map((example) => ({
    fields: example.record.fields,
    target: options.verdicts[goldVerdict(example, options.verdicts)] as string,
  }));
}
