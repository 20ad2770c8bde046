import type { ServedTask } from '../app/serving/pool.js';
import { stringifyJson } from '../json.js';
import { bodyOf } from './body.js';
import {
  asText,
  best,
  choiceConfidence,
  type Decision,
  decide,
  expectation,
  type Options,
  scoreConfidence,
} from './decide.js';
import { HttpError } from './errors.js';
import { content, probability, type Route, z } from './routes.js';
import type { ServerContext } from './types.js';

/** The model name that the SDKs send where nobody names one. */
const latest = 'jev-latest';
/** Our own model names for questions that belong to no task. */
export const defaultModelName = 'default';

const description = content.nullable();
const noul = z.object({
  type: z.literal('noul'),
  instructions: content.nullish(),
  criteria: z.object({ true: description.optional(), false: description.optional() }).nullish(),
});
const choice = z.object({
  type: z.literal('choice'),
  instructions: content.nullish(),
  criteria: z
    .record(z.string(), description)
    .refine((options) => Object.keys(options).length >= 2 && Object.keys(options).length <= 255, {
      message: 'expected 2 to 255 options',
    })
    .nullish(),
});
const score = z.object({
  type: z.literal('score'),
  instructions: content.nullish(),
  criteria: z.array(content).min(2).max(10),
});
const question = z.discriminatedUnion('type', [noul, choice, score]);
type Question = z.infer<typeof question>;

const request = z.object({
  model: z.string(),
  state: content,
  questions: z
    .record(z.string().min(1), question)
    .refine((questions) => Object.keys(questions).length > 0, { message: 'expected at least one question' }),
});

const probabilities = z.record(z.string(), probability);
const answer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('noul'), noul: probability }),
  z.object({ type: z.literal('choice'), choice: z.string(), probabilities, confidence: probability }),
  z.object({
    type: z.literal('score'),
    score: z.number(),
    legend: z.record(z.string(), content),
    probabilities,
    confidence: probability,
  }),
]);

/** `POST /v1/systemone`: typed questions about a state, answered by probabilities. */
export const systemone: Route = {
  method: 'post',
  path: '/v1/systemone',
  summary: 'Typed questions about a state, answered by probabilities',
  body: request,
  answer: z.object({
    model: z.string(),
    answers: z.record(z.string(), answer),
    usage: z.object({ input_tokens: z.int(), output_tokens: z.int() }),
  }),
  work: true,
  async handle(c, server, { signal }) {
    const { model, state, questions } = await bodyOf(c, request);
    const asked = Object.entries(questions);
    if (asked.length > server.limits.records)
      throw new HttpError(413, 'invalid_request_error', `more than ${server.limits.records} questions in one request`);
    const task = model === latest || model === defaultModelName ? null : server.pool.find(model);
    if (task === null && model !== latest && model !== defaultModelName) {
      const names = [latest, defaultModelName, ...server.pool.tasks.map(({ name }) => name)];
      throw new HttpError(404, 'not_found_error', `there is no model "${model}" here; there are ${names.join(', ')}`);
    }
    const text = asText(state);
    const ask = (asking: Question, options: Options | null) =>
      decide(server.pool, task, asText(asking.instructions ?? ''), options, text, signal);
    // Together, so that the model's slots share the work; each answer is its question's own.
    const answers = await Promise.all(
      asked.map(async ([id, asking]) => [id, await answerTo(asking, (options) => ask(asking, options))] as const),
    );
    const body = {
      model,
      answers: Object.fromEntries(answers),
      usage: { input_tokens: await tokensOf(server, task, text, asked), output_tokens: 0 },
    };
    // The legend repeats levels, with their numbers as they were written.
    return c.body(stringifyJson(body), 200, { 'Content-Type': 'application/json' });
  },
};

async function answerTo(asking: Question, ask: (options: Options | null) => Promise<Decision>) {
  switch (asking.type) {
    case 'noul': {
      const { criteria } = asking;
      const { probabilities } = await ask([
        { name: 'yes', word: 'yes', description: asText(criteria?.true ?? '') },
        { name: 'no', word: 'no', description: asText(criteria?.false ?? '') },
      ]);
      return { type: 'noul', noul: probabilities[0]?.[1] ?? 0 };
    }
    case 'choice': {
      const options = asking.criteria == null ? null : optionsOf(asking.criteria);
      const { probabilities, abstained } = await ask(options);
      return {
        type: 'choice',
        choice: best(probabilities)[0],
        probabilities: Object.fromEntries(probabilities),
        confidence: choiceConfidence(probabilities.map(([, p]) => p)),
        ...(abstained ? { x_abstained: true } : {}),
      };
    }
    case 'score': {
      const levels = asking.criteria.map((level, i) => ({ name: String(i), word: asText(level), description: '' }));
      const { probabilities } = await ask(levels);
      const each = probabilities.map(([, p]) => p);
      return {
        type: 'score',
        score: expectation(each),
        legend: Object.fromEntries(asking.criteria.map((level, i) => [String(i), level])),
        probabilities: Object.fromEntries(probabilities),
        confidence: scoreConfidence(each),
      };
    }
  }
}

function optionsOf(criteria: Readonly<Record<string, unknown>>): Options {
  return Object.entries(criteria).map(([name, value]) => ({ name, word: name, description: asText(value ?? '') }));
}

/** Counts the tokens of the state, once for each question, and those of the questions. */
async function tokensOf(
  server: ServerContext,
  task: ServedTask | null,
  state: string,
  asked: readonly (readonly [string, Question])[],
) {
  const texts = asked.map(([, { instructions, criteria }]) => asText([instructions, criteria]));
  const counts = await Promise.all([state, ...texts].map((text) => server.pool.countTokens(task, text)));
  const [ofState = 0, ...ofQuestions] = counts;
  return ofState * asked.length + ofQuestions.reduce((sum, count) => sum + count, 0);
}
