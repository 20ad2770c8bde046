import type { ServedTask } from '../app/serving/pool.js';
import { bodyOf } from './body.js';
import { best, choiceConfidence, decide, expectation, scoreConfidence } from './decide.js';
import { HttpError, openAiErrors } from './errors.js';
import { message, parts, textOfMessages, textOfParts } from './messages.js';
import { probability, type Route, z } from './routes.js';
import { defaultModelName } from './systemone.js';
import type { ServerContext } from './types.js';

const common = { name: z.string().nullish(), instructions: parts };
const question = z.discriminatedUnion('type', [
  z.object({ type: z.literal('predicate'), ...common }),
  z.object({
    type: z.literal('choice'),
    ...common,
    choices: z
      .array(z.object({ value: z.union([z.string(), z.boolean()]), description: z.string().nullish() }))
      .min(2)
      .max(255)
      .nullish(),
  }),
  z.object({
    type: z.literal('score'),
    ...common,
    levels: z
      .array(z.object({ label: z.string(), description: z.string().nullish() }))
      .min(2)
      .max(10),
  }),
]);
type Question = z.infer<typeof question>;
const request = z.object({
  model: z.string(),
  input: z.union([z.string(), z.array(message)]),
  questions: z.array(question).min(1),
});

const named = { name: z.string().nullable() };
const answer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('predicate'), ...named, probability }),
  z.object({
    type: z.literal('choice'),
    ...named,
    choice: z.union([z.string(), z.boolean()]),
    confidence: probability,
    probabilities: z.array(z.object({ value: z.union([z.string(), z.boolean()]), probability })),
  }),
  z.object({
    type: z.literal('score'),
    ...named,
    score: z.number(),
    confidence: probability,
    probabilities: z.array(z.object({ value: z.int(), label: z.string(), probability })),
  }),
  z.object({ type: z.literal('refusal'), ...named }),
]);

/** `POST /v1/decisions`: the decisions of OpenAI's clients; an abstention is a refusal. */
export const decisions: Route = {
  method: 'post',
  path: '/v1/decisions',
  summary: 'Decisions about an input, as the clients of OpenAI ask for them',
  body: request,
  answer: z.object({ model: z.string(), answers: z.array(answer), usage: z.record(z.string(), z.unknown()) }),
  work: true,
  errors: openAiErrors,
  async handle(c, server, { signal }) {
    const { model, input, questions } = await bodyOf(c, request);
    if (questions.length > server.limits.records)
      throw new HttpError(413, 'invalid_request_error', `more than ${server.limits.records} questions in one request`);
    const task = server.pool.find(model);
    if (task === null && model !== defaultModelName && !/^gpt-|^o\d/u.test(model)) {
      const names = [defaultModelName, ...server.pool.tasks.map(({ name }) => name)];
      throw new HttpError(404, 'not_found_error', `there is no model "${model}" here; there are ${names.join(', ')}`);
    }
    const state = typeof input === 'string' ? input : textOfMessages(input);
    const answers = await Promise.all(
      questions.map((asking) =>
        answerTo(asking, (options) =>
          decide(server.pool, task, textOfParts(asking.instructions), options, state, signal),
        ),
      ),
    );
    const tokens = await tokensOf(server, task, state, questions);
    return c.json({
      model,
      answers,
      usage: {
        input_tokens: tokens,
        input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
        output_tokens: 0,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: tokens,
      },
    });
  },
};

type Ask = (options: Parameters<typeof decide>[3]) => ReturnType<typeof decide>;

async function answerTo(asking: Question, ask: Ask): Promise<object> {
  const name = asking.name ?? null;
  switch (asking.type) {
    case 'predicate': {
      const { probabilities } = await ask([
        { name: 'yes', word: 'yes', description: '' },
        { name: 'no', word: 'no', description: '' },
      ]);
      return { type: 'predicate', name, probability: probabilities[0]?.[1] ?? 0 };
    }
    case 'choice': {
      const choices = new Map(asking.choices?.map((each) => [optionName(each.value, asking), each]) ?? []);
      if (choices.size !== (asking.choices?.length ?? 0))
        throw new HttpError(400, 'invalid_request_error', 'two choices have the same value');
      const options = [...choices].map(([name, { value, description }]) => ({
        name,
        word: String(value),
        description: description ?? '',
      }));
      const { probabilities, abstained } = await ask(asking.choices == null ? null : options);
      if (abstained) return { type: 'refusal', name };
      const valueFor = (option: string) => choices.get(option)?.value ?? option;
      return {
        type: 'choice',
        name,
        choice: valueFor(best(probabilities)[0]),
        confidence: choiceConfidence(probabilities.map(([, p]) => p)),
        probabilities: probabilities.map(([option, p]) => ({ value: valueFor(option), probability: p })),
      };
    }
    case 'score': {
      const { probabilities } = await ask(
        asking.levels.map(({ label, description }, i) => ({
          name: String(i),
          word: label,
          description: description ?? '',
        })),
      );
      const each = probabilities.map(([, p]) => p);
      return {
        type: 'score',
        name,
        score: expectation(each),
        confidence: scoreConfidence(each),
        probabilities: each.map((p, i) => ({ value: i, label: asking.levels[i]?.label ?? '', probability: p })),
      };
    }
  }
}

/** The name of a choice: its value. `true` and "true" are two choices, and then the first needs a name of its own. */
function optionName(value: string | boolean, { choices }: Extract<Question, { type: 'choice' }>): string {
  const clashes = typeof value === 'boolean' && choices?.some((other) => other.value === String(value));
  return clashes ? `${value} (boolean)` : String(value);
}

async function tokensOf(
  server: ServerContext,
  task: ServedTask | null,
  state: string,
  questions: readonly Question[],
): Promise<number> {
  const texts = questions.map((asking) => JSON.stringify(asking));
  const counts = await Promise.all([state, ...texts].map((text) => server.pool.countTokens(task, text)));
  const [ofState = 0, ...others] = counts;
  return ofState * questions.length + others.reduce((sum, count) => sum + count, 0);
}
