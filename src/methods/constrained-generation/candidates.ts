import { SlmError } from '../../errors.js';
import { isExactNumber } from '../../json.js';
import { once } from '../../lazy.js';
import { tokenizePrompt, usesChat } from '../../prompt.js';
import { written, writtenIn } from '../../task-types/generate/values.js';
import type { Example, GenerateOutput, Output, TaskProfile } from '../../types.js';
import { eachExample } from '../candidates/each-example.js';
import { memo } from '../candidates/memo.js';
import { mostNearest } from '../candidates/nearest-prompt.js';
import { mostRepresentative } from '../candidates/representative.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import type { LearnedExample } from '../learned.js';
import { promptLength } from '../parts.js';
import type { Plan, Predictor } from '../types.js';
import { generation } from './generation.js';

/** Examples in the prompt; the same for all texts, or for each text those most like it. */
const settings = [
  { shots: 0, choice: 'first' },
  { shots: 2, choice: 'first' },
  { shots: 5, choice: 'first' },
  { shots: 3, choice: 'nearest' },
  { shots: 6, choice: 'nearest' },
] as const;
type Setting = (typeof settings)[number];

/** Examples in the prompt, or that some are chosen from, have so many tokens at most, text and output together. */
const longestExample = 256;

/** Settings that are also tried in the other form (chat turn or completion prompt). */
const alsoOtherwise: readonly Setting[] = settings.filter(({ shots }) => shots === 2 || shots === 3);

/** Ways to generate: with examples that are like most others, or like the text, in a chat turn or as a completion. */
export const plan: Plan = (session, examples) => {
  const short = examples.filter(
    (example) => session.engine.tokenize(`${example.record.text} ${outputOf(example)}`).length <= longestExample,
  );
  const { format, chatTemplate } = session.engine.model;
  const other = usesChat(session.profile, session.engine.model) ? 'base' : 'chat';
  const otherwise = format === 'chat' && chatTemplate !== null ? alsoOtherwise : [];
  const all = [
    ...settings.map((setting) => generationCandidate(session, short, examples, setting, null)),
    ...otherwise.map((setting) => generationCandidate(session, short, examples, setting, other)),
  ];
  return { candidates: all.filter((candidate) => candidate !== null) };
};

function generationCandidate(
  session: TuneSession,
  short: readonly Example[],
  examples: readonly Example[],
  setting: Setting,
  use: 'base' | 'chat' | null,
): Candidate | null {
  const { engine } = session;
  const nearest = setting.choice === 'nearest';
  // Examples in the prompt of every text are lost for measuring.
  const allowed = nearest ? short.slice(0, mostNearest) : short.slice(0, Math.floor(examples.length / 3));
  if (allowed.length < (nearest ? 2 : 1) * setting.shots) return null;
  const texts = allowed.map(({ record }) => record.text);
  const chosen = nearest
    ? allowed
    : mostRepresentative(texts, texts.length, setting.shots).map((i) => allowed[i] as Example);
  const shots = chosen.map(
    (example): LearnedExample => ({ fields: storable(example.record.fields), label: outputOf(example) }),
  );
  const profile = withExamples(session.profile, shots, setting, use);
  const render = generation.renderer(profile, engine.model);
  const promptOf = ({ record }: Example) =>
    tokenizePrompt(engine, render({ ...record.fields, [profile.input]: record.text }));
  if (examples.some((example) => promptLength(promptOf(example)) > engine.model.contextSize / 2)) return null;

  const ready = once(
    (): Promise<Predictor> =>
      generation.prepare({
        profile,
        engine,
        documents: [],
        ownDocuments: async () => [],
        cache: { get: async () => null, set: async () => undefined },
        onProgress: () => undefined,
      }),
  );
  const outputFor = memo(({ record }: Example) =>
    engine.hold(async (): Promise<Output> => {
      const predictor = await ready();
      try {
        return (await predictor.predict({ record, text: record.text, explain: false })).output;
      } catch (error) {
        // Cut off, or not what the schema says: a record without an output is wrong, not the end of the search.
        if (error instanceof SlmError && error.kind !== 'model') return nothing;
        throw error;
      }
    }),
  );
  const titles = { chat: ', in the chat format', base: ', without the chat format' };
  const title = `generation, ${setting.shots} ${nearest ? 'nearest ' : ''}examples in the prompt${use === null ? '' : titles[use]}`;
  return {
    key: `generation 1 ${JSON.stringify(setting)}${use === null ? '' : ` ${use}`}`,
    title,
    method: generation.name,
    turn: 0,
    words: false,
    complexity: 1 + (nearest ? 1 : 0) + setting.shots / 100,
    layers: session.blocks,
    inPrompt: new Set(nearest ? [] : chosen),
    async heldOut(part) {
      const outputs = await eachExample(session, title, part, outputFor);
      const tokens = part.map((example, i) => {
        const { input } = promptOf(example);
        return input.length + engine.tokenize((outputs[i] as GenerateOutput).text).length;
      });
      return { outputs, tokensPerRecord: tokens.reduce((sum, count) => sum + count, 0) / Math.max(1, part.length) };
    },
    finish: async () => ({
      options: { ...profile.options },
      learned: { examples: shots, ...(use === null ? {} : { use }) },
    }),
  };
}

const nothing = written('');

function withExamples(
  profile: TaskProfile,
  shots: readonly LearnedExample[],
  setting: Setting,
  use: 'base' | 'chat' | null,
): TaskProfile {
  return {
    ...profile,
    prompt: use === null ? profile.prompt : { ...profile.prompt, use },
    options: { ...(profile.method === generation.name ? profile.options : {}), ...setting },
    tuned: { file: '', digest: '', learned: { examples: shots }, numbers: null },
  };
}

function outputOf({ gold }: Example): string {
  return writtenIn(gold);
}

/** The fields as a YAML file can hold them: a number whose digits are kept is a text of the same digits. */
function storable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isExactNumber(value) ? value.value : value]),
  );
}
