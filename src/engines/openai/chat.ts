import { z } from 'zod';
import { failure, SlmError } from '../../errors.js';
import type { ChatTurn } from '../../types.js';
import type { RemoteClient } from '../remote/client.js';
import type { ServiceOptions } from '../types.js';
import { imageUrl } from './image-url.js';

/** A token of an answer, with those that could have stood there. */
export interface AnsweredToken {
  readonly token: string;
  readonly alternatives: ReadonlyMap<string, number>;
}

export interface ChatAnswer {
  readonly text: string;
  readonly tokens: number;
  /** Whether it is longer than was allowed. */
  readonly cut: boolean;
  /** Null where the service gives none. */
  readonly logprobs: readonly AnsweredToken[] | null;
}

export interface ChatOptions {
  readonly maxTokens: number;
  readonly schema: unknown;
  readonly stop: readonly string[];
  readonly logprobs: boolean;
  readonly signal?: AbortSignal;
}

export type Ask = (turns: readonly ChatTurn[], options: ChatOptions) => Promise<ChatAnswer>;

const alternatives = z.array(z.object({ token: z.string(), logprob: z.number() }));
/** What an answer can do without is as if it were not there where a server has it in another form. */
const optionalPart = <T extends z.ZodType>(part: T) => part.nullish().catch(null);
const answer = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
        logprobs: optionalPart(
          z.object({
            content: z.array(z.object({ token: z.string(), top_logprobs: alternatives })).nullish(),
          }),
        ),
      }),
    )
    .min(1),
});
/** The cost of an answer, which one that cannot be read has, too. */
const billed = z
  .object({
    usage: z.object({
      prompt_tokens: z.number().min(0),
      completion_tokens: z.number().min(0).default(0),
      prompt_tokens_details: optionalPart(z.object({ cached_tokens: z.number().min(0).nullish() })),
    }),
  })
  .transform(({ usage }) => usage)
  .nullable()
  .catch(null);

/** As many as services give. */
const mostAlternatives = 20;

/** Chat completions of a model. The likeliest answer, where the service lets one ask for it. */
export function chatWith(
  client: RemoteClient,
  model: string,
  { reference, readFile }: Pick<ServiceOptions, 'reference' | 'readFile'>,
): Ask {
  // Services differ in what they take: what one refuses by its name is left out from then on.
  const refused = new Set<string>();
  const send = async (body: Record<string, unknown>, schema: unknown, signal?: AbortSignal): Promise<unknown> => {
    const format = schema === null ? {} : { response_format: formatOf(schema, refused) };
    const sent = Object.fromEntries(
      Object.entries({ ...body, ...format }).filter(([name]) => name === 'response_format' || !refused.has(name)),
    );
    // Another call may have found out in the meantime what the service refuses.
    const known = new Set(refused);
    try {
      return await client.post('/chat/completions', sent, signal);
    } catch (error) {
      const name = optional.find((each) => each in sent && !known.has(each) && mentions(error, each));
      if (name === undefined) throw error;
      refused.add(name);
      if (name === 'logprobs') refused.add('top_logprobs');
      return send(body, schema, signal);
    }
  };
  return async (turns, { maxTokens, schema, stop, logprobs, signal }) => {
    const body = {
      model,
      messages: await Promise.all(
        turns.map(async ({ role, text, image }) => ({ role, content: await contentOf(text, image, readFile) })),
      ),
      max_completion_tokens: maxTokens,
      // The older name, for servers that know no other one; OpenAI's refuses the two together.
      ...(client.url.startsWith('https://api.openai.com/') ? {} : { max_tokens: maxTokens }),
      temperature: 0,
      ...(stop.length === 0 ? {} : { stop }),
      ...(logprobs ? { logprobs: true, top_logprobs: mostAlternatives } : {}),
    };
    const sent = await send(body, schema, signal);
    const usage = billed.parse(sent);
    const tokens = usage?.completion_tokens ?? 0;
    client.spending.add({
      input: usage?.prompt_tokens ?? 0,
      cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      output: tokens,
    });
    const read = answer.safeParse(sent);
    if (!read.success) throw failure(`${reference} gave an answer that is no chat completion`);
    const [choice] = read.data.choices;
    const { content, refusal } = choice?.message ?? {};
    if (refusal != null && refusal !== '') throw failure(`${reference} refused to answer`);
    const given = choice?.logprobs?.content ?? null;
    return {
      text: content ?? '',
      tokens,
      cut: choice?.finish_reason === 'length',
      logprobs:
        given === null
          ? null
          : given.map(({ token, top_logprobs }) => ({
              token,
              alternatives: new Map(top_logprobs.map((each) => [each.token, each.logprob])),
            })),
    };
  };
}

/** A text; with a picture a list of both. */
async function contentOf(text: string, image: string | undefined, readFile: ServiceOptions['readFile']) {
  if (image === undefined) return text;
  const picture = { type: 'image_url', image_url: { url: await imageUrl(image, readFile) } };
  return text.trim() === '' ? [picture] : [picture, { type: 'text', text }];
}

/** Parameters that can be left out, or asked for in another way. */
const optional = ['temperature', 'max_tokens', 'logprobs', 'top_logprobs', 'response_format'] as const;

/** The JSON Schema as OpenAI's interface has it, or where that is refused as llama-cpp-python's server has it. */
function formatOf(schema: unknown, refused: ReadonlySet<string>): object {
  if (refused.has('response_format')) return { type: 'json_object', schema };
  return { type: 'json_schema', json_schema: { name: 'result', schema, strict: true } };
}

function mentions(error: unknown, name: string): boolean {
  return error instanceof SlmError && error.kind === 'usage' && error.message.includes(name);
}
