import type { Capability, Generated, GenerateOptions, LocalEngine, Prompt, Token } from '../../src/types.js';

/** What the engine shall answer. Whatever a test leaves out fails when it is called. */
export interface Script {
  readonly model?: Partial<LocalEngine['model']>;
  readonly slots?: number;
  /** Defaults to what llama.cpp has. */
  readonly capabilities?: readonly Capability[];
  /** Whether prompts begin with `<bos>`. Defaults to true. */
  readonly bos?: boolean;
  /** Log-probability of a whole continuation after a prompt, both as text. */
  readonly score?: (prompt: string, continuation: string) => number;
  /** Log-probability of a token after a text; for `scoreNext` and `decode`. */
  readonly next?: (text: string, token: string) => number;
  /** Raw outputs of the first tokens after a text; for `headScores`. */
  readonly outputs?: (text: string, count: number) => number[];
  readonly generate?: (prompt: string, options: GenerateOptions) => Generated;
  /** Awaited before each answer, to mix up the order in which calls end. */
  readonly delay?: (prompt: string) => Promise<void>;
}

export interface FakeEngine extends LocalEngine {
  /** How often each method was called. */
  readonly calls: Record<'score' | 'next' | 'outputs' | 'decode' | 'generate' | 'hold', number>;
  /** Every prompt that was evaluated, as text, in order. */
  readonly prompts: string[];
  /** The control tokens among these, which act. */
  controlsIn(tokens: readonly Token[]): string[];
}

const controls = ['<bos>', '<eos>', '<|end|>', '<|im_start|>', '<|im_end|>', '<start_of_turn>', '<end_of_turn>'];
const controlPattern = /(<bos>|<eos>|<\|end\|>|<\|im_start\|>|<\|im_end\|>|<start_of_turn>|<end_of_turn>)/;
/** A space goes with the letters after it; a token has up to four letters or digits, or is any one character. */
const piecePattern = / ?[\p{L}\p{N}]{1,4}|./gsu;

/** A scripted engine: its tokens can be worked out by hand, its numbers come from the test. */
export function fakeEngine(script: Script = {}): FakeEngine {
  const pieces: string[] = [...controls];
  const ids = new Map<string, Token>();
  const calls = { score: 0, next: 0, outputs: 0, decode: 0, generate: 0, hold: 0 };
  const prompts: string[] = [];
  const used = { evaluatedTokens: 0, prefixTokens: 0, generatedTokens: 0, reusedTokens: 0 };

  const idOf = (piece: string): Token => {
    const known = ids.get(piece);
    if (known !== undefined) return known;
    ids.set(piece, pieces.length);
    return pieces.push(piece) - 1;
  };
  const plainTokens = (text: string) => [...text.matchAll(piecePattern)].map(([piece]) => idOf(piece));
  const detokenize = (tokens: readonly Token[]) =>
    tokens
      .map((token) => {
        const piece = pieces[token];
        if (piece === undefined) throw new Error(`fake engine: no token ${token}`);
        return piece;
      })
      .join('');
  const begin = async (prompt: Prompt): Promise<string> => {
    if (prompt.input.length === 0) throw new Error('fake engine: a prompt without input');
    const text = detokenize([...prompt.prefix.flat(), ...prompt.input]);
    prompts.push(text);
    used.evaluatedTokens += prompt.input.length;
    await script.delay?.(text);
    return text;
  };

  return {
    model: {
      name: 'fake',
      path: '/models/fake.gguf',
      sha256: null,
      architecture: 'fake',
      format: 'base',
      chatTemplate: null,
      bosText: '<bos>',
      eosText: '<eos>',
      bytes: 1,
      contextSize: 2048,
      vocabularySize: 1_000_000,
      ...script.model,
    },
    capabilities: script.capabilities ?? ['scores', 'generation', 'features'],
    slots: script.slots ?? 1,
    bos: script.bos === false ? [] : [0],
    calls,
    prompts,
    controlsIn: (tokens) => tokens.filter((token) => token < controls.length).map((token) => controls[token] as string),

    countTokens: (text) => plainTokens(text).length,

    tokenize(text, options) {
      if (options?.special !== true) return plainTokens(text);
      return text.split(controlPattern).flatMap((part) => {
        const control = controls.indexOf(part);
        return control === -1 ? plainTokens(part) : [control];
      });
    },
    detokenize,

    async scoreContinuations(prompt, continuations) {
      const { score } = script;
      if (score === undefined) throw new Error('fake engine: scoreContinuations is not scripted');
      calls.score++;
      const text = await begin(prompt);
      return continuations.map((tokens) => score(text, detokenize(tokens)));
    },

    async scoreNext(prompt, positions, tokens) {
      const { next } = script;
      if (next === undefined) throw new Error('fake engine: scoreNext is not scripted');
      calls.next++;
      await begin(prompt);
      return positions.map((position) => {
        const text = detokenize([...prompt.prefix.flat(), ...prompt.input.slice(0, position + 1)]);
        return tokens.map((token) => next(text, detokenize([token])));
      });
    },

    async headScores(prompt, positions, count) {
      const { outputs } = script;
      if (outputs === undefined) throw new Error('fake engine: headScores is not scripted');
      calls.outputs++;
      await begin(prompt);
      return positions.map((position) =>
        Float64Array.from(
          outputs(detokenize([...prompt.prefix.flat(), ...prompt.input.slice(0, position + 1)]), count),
        ),
      );
    },

    async decode(prompt, allowedAfter, { maxTokens }) {
      const { next } = script;
      if (next === undefined) throw new Error('fake engine: decode is not scripted');
      calls.decode++;
      let text = await begin(prompt);
      const tokens: Token[] = [];
      const logprobs: number[] = [];
      const choiceLogprobs: number[] = [];
      while (tokens.length < maxTokens) {
        const allowed = allowedAfter(tokens);
        if (allowed === null || allowed.length === 0) break;
        const scored = allowed.map((token) => ({ token, logprob: next(text, detokenize([token])) }));
        const best = scored.reduce((a, b) => (b.logprob > a.logprob ? b : a));
        const total = scored.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
        tokens.push(best.token);
        logprobs.push(best.logprob);
        choiceLogprobs.push(allowed.length === 1 ? 0 : best.logprob - Math.log(total));
        used.generatedTokens++;
        text += detokenize([best.token]);
      }
      return { tokens, logprobs, choiceLogprobs };
    },

    async generate(prompt, options) {
      const { generate } = script;
      if (generate === undefined) throw new Error('fake engine: generate is not scripted');
      calls.generate++;
      return generate(await begin(prompt), options);
    },

    hold(work) {
      calls.hold++;
      return work();
    },
    beside: () => null,
    usage: () => ({ ...used }),
    dispose: async () => undefined,
  };
}
