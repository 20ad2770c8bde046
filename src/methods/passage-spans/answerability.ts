import { z } from 'zod';
import {
  compilePrompt,
  type FewShotExample,
  type PromptModel,
  type PromptRenderer,
  tokenizePrompt,
} from '../../prompt.js';
import type { EngineWith, TaskProfile, Token } from '../../types.js';
import { modelKey } from '../model-key.js';
import { promptLength } from '../parts.js';
import type { MethodContext } from '../types.js';

/** Log-odds of yes at which a model is undecided, and how far from it usual ones are, nats. */
export interface Scale {
  readonly middle: number;
  readonly spread: number;
  /** How much of it to believe: 1 where what it says of passages with and without an answer is far apart; above 0. */
  readonly certainty: number;
}

/** Said before passage and question: said after them, it is answered worse (docs/methods.md). */
const asked = 'Decide whether the passage answers the question. Reply yes or no.';

/**
 * Pairs with and without an answer that set a model's scale: one says yes to nearly all, another to nearly none. Few
 * and short, so that the first answer comes soon.
 */
const anchors: readonly { readonly context: string; readonly answered: string; readonly unanswered: string }[] = [
  {
    context:
      'The ferry to Ansholm leaves at seven in the morning and takes forty minutes. It was built in 1988 and carries twelve cars. In winter it does not run on Sundays.',
    answered: 'How long does the ferry to Ansholm take?',
    unanswered: 'Who built the ferry to Ansholm?',
  },
  {
    context:
      'Marta Oduya founded the bakery with her brother in 2009. They sold it six years later and opened a mill near Brigg, which employs thirty people.',
    answered: 'Where did Marta Oduya and her brother open a mill?',
    unanswered: 'Why did Marta Oduya sell the bakery?',
  },
  {
    context:
      'Unlike most lichens, the species grows on glass. It tolerates salt, but it dies when the temperature stays above 35 degrees for more than a week.',
    answered: 'What temperature does the species not survive?',
    unanswered: 'Which lichens die from salt?',
  },
];

/** A passage on nothing that is asked about: what a model says of it is owed to the question alone. */
const unrelated = 'The bus stops in front of the town hall.';

/** Asks a model with chat turns whether a passage answers a question. */
export interface Judge {
  /** The prompt that asks it, up to where the model would say yes or no. */
  readonly render: PromptRenderer;
  /** Whether there is room for the passage and question in these fields. */
  fits(fields: Readonly<Record<string, unknown>>): boolean;
  /** Log-probability of yes less that of no, nats, for the passage and question in these fields. */
  logOdds(fields: Readonly<Record<string, unknown>>): Promise<number>;
  /** The same of the question in these fields where the passage has nothing to do with it. */
  unrelatedLogOdds(fields: Readonly<Record<string, unknown>>): Promise<number>;
  /** Scale of this model's log-odds, used where there are no examples. */
  scale(): Promise<Scale>;
}

/** The user's turn in which a model is given a passage and a question. */
export function passageTurn(profile: TaskProfile, contextField: string): string {
  return `Passage: {{ ${contextField} }}\n\nQuestion: {{ ${profile.input} }}`;
}

/**
 * The prompt that asks whether a passage answers a question.
 * @param shots examples with their answers; an empty one has no answer
 */
export function judgingRenderer(
  profile: TaskProfile,
  model: PromptModel,
  contextField: string,
  shots: readonly FewShotExample[],
): PromptRenderer {
  const prompt = { instruction: asked, base: '', chat: passageTurn(profile, contextField), use: 'chat' } as const;
  const turns = shots.map(({ fields, target }) => ({ fields, target: target === '' ? 'no' : 'yes' }));
  return compilePrompt({ ...profile, prompt }, model, { shots: turns });
}

export function createJudge(
  engine: EngineWith<'scores'>,
  profile: TaskProfile,
  render: PromptRenderer,
  contextField: string,
): Judge {
  const first = (word: string) => engine.tokenize(word)[0] as Token;
  const yes = [...new Set(['yes', 'Yes'].map(first))];
  const no = [...new Set(['no', 'No'].map(first))];
  const logOdds = async (fields: Readonly<Record<string, unknown>>): Promise<number> => {
    const prompt = tokenizePrompt(engine, render(fields));
    const [scores = []] = await engine.scoreNext(prompt, [prompt.input.length - 1], [...yes, ...no]);
    return logSum(scores.slice(0, yes.length)) - logSum(scores.slice(yes.length));
  };
  return {
    render,
    fits: (fields) => promptLength(tokenizePrompt(engine, render(fields))) <= engine.model.contextSize,
    logOdds,
    unrelatedLogOdds: (fields) => logOdds({ ...fields, [contextField]: unrelated }),
    async scale() {
      const odds = (context: string, question: string) =>
        logOdds({ [contextField]: context, [profile.input]: question });
      const pairs = await engine.hold(async () => {
        const all: [number, number][] = [];
        for (const { context, answered, unanswered } of anchors)
          all.push([await odds(context, answered), await odds(context, unanswered)]);
        return all;
      });
      return scaleOf(pairs);
    },
  };
}

/**
 * What a model's log-odds mean.
 * @param pairs of a passage that answers a question and the same one with a question that it does not answer; two at least
 */
export function scaleOf(pairs: readonly (readonly [answered: number, unanswered: number])[]): Scale {
  const [high, low] = [pairs.map(([answered]) => answered), pairs.map(([, unanswered]) => unanswered)];
  const apart = mean(high) - mean(low);
  const spread = Math.max(smallestSpread, apart / 2);
  // Of two normal distributions that are so far apart, the log-odds grow by apart / variance a nat.
  const normal = (variance(high) + variance(low)) / 2 / Math.max(apart, Number.EPSILON);
  // Half way, on a log scale: so few passages tell a variance badly.
  const certainty = Math.max(smallestCertainty, Math.sqrt(spread / Math.max(spread, normal)));
  return { middle: (mean(high) + mean(low)) / 2, spread, certainty };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

const scaleSchema = z.strictObject({ middle: z.number(), spread: z.number(), certainty: z.number() });

/** What the yes and no of a judge mean: asked once, then from the cache. */
export async function keptScale(
  { engine, profile, cache, judge: other }: Pick<MethodContext<'scores'>, 'engine' | 'profile' | 'cache' | 'judge'>,
  judge: Judge,
): Promise<Scale> {
  const key = ['yes and no 3', modelKey(other ?? engine), profile.digest].join(' ');
  const known = scaleSchema.safeParse(await cache.get(key));
  if (known.success) return known.data;
  const scale = await judge.scale();
  await cache.set(key, scale);
  return scale;
}

/** A model that hardly tells them apart is not believed more for it. */
const smallestSpread = 0.3;
/** What it says still orders the answers. */
const smallestCertainty = 0.1;

function logSum(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}
