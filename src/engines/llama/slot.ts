import { rm } from 'node:fs/promises';
import type {
  ControlledEvaluateIndexOutput,
  Llama,
  LlamaContext,
  LlamaContextSequence,
  LlamaModel,
  Token as NativeToken,
} from 'node-llama-cpp';
import { failure, messageOf, PromptTooLong } from '../../errors.js';
import type { ValuePlace } from '../../gguf/value-blocks.js';
import type { Decoded, Generated, GenerateOptions, NextTokens, Prompt, Token } from '../../types.js';
import type { Arithmetic } from './arithmetic.js';
import { checkFinite, noNumbers } from './no-numbers.js';
import { LlamaGrammarEvaluationState } from './patches/library.js';
import { passOnSamplingErrors } from './patches/sampling-errors.js';
import { readStateFile } from './patches/state-values.js';
import type { PrefixStore } from './prefix-store.js';
import { buildTrie, chainFrom, type TrieNode } from './trie.js';

export interface SlotOptions {
  /** The model's file, for messages. */
  readonly path: string;
  readonly contextSize: number;
  readonly threads: number;
  readonly arithmetic: Arithmetic;
  /** Where evaluated prefixes are kept for the next process. */
  readonly prefixes: PrefixStore | null;
  readonly onCall: () => void;
  /** Where the outputs of a file with blocks for values are read. */
  readonly values: ValueSource | null;
}

export interface ValueSource {
  readonly places: readonly ValuePlace[];
  /** A file of this slot alone, written and removed for each call. */
  readonly file: string;
}

/**
 * Tokens of a text between two looks at the values. Below every sliding window there is (Gemma 3 has 512), and whole
 * batches, so that the sums are the same as of the text at once.
 */
const stretchTokens = 2 * 128;

/** Log-probabilities of the tokens that were asked for, nats. */
type NextLogprobs = ReadonlyMap<Token, number>;

/**
 * One context of the model with the parts it has evaluated. A slot does one call at a time; the pool sees to it.
 */
export class Slot {
  evaluatedTokens = 0;
  prefixTokens = 0;
  generatedTokens = 0;
  reusedTokens = 0;
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #sequence: LlamaContextSequence;
  readonly #prefixes: PrefixStore | null;
  readonly #onCall: () => void;
  readonly #values: ValueSource | null;
  readonly #path: string;
  /** Whether the model has given probabilities here. */
  #givesNumbers = false;
  /** The prefix parts whose state the context holds, in order from its first token. */
  #held: (readonly Token[])[] = [];

  private constructor(llama: Llama, model: LlamaModel, context: LlamaContext, options: SlotOptions) {
    this.#llama = llama;
    this.#model = model;
    this.#context = context;
    this.#prefixes = options.prefixes;
    this.#onCall = options.onCall;
    this.#values = options.values;
    this.#path = options.path;
    this.#sequence = context.getSequence({
      // By default the library silently drops the beginning of a text that does not fit.
      contextShift: {
        strategy: () => {
          throw new RangeError('context overflow');
        },
      },
    });
  }

  static async create(llama: Llama, model: LlamaModel, options: SlotOptions): Promise<Slot> {
    const context = await model.createContext({
      contextSize: options.contextSize,
      batchSize: Math.min(options.arithmetic.batchSize, options.contextSize),
      flashAttention: options.arithmetic.flashAttention,
      threads: { ideal: options.threads, min: options.threads },
      sequences: 1,
      // Without it a sliding-window model silently reuses a prefix whose first cells were evicted.
      swaFullCache: true,
      failedCreationRemedy: false,
    });
    passOnSamplingErrors(context);
    return new Slot(llama, model, context, options);
  }

  /** How many tokens of the prompt's prefix this slot has evaluated already. */
  reusable(prompt: Prompt): number {
    return this.#held.slice(0, this.#sharedParts(prompt)).reduce((sum, part) => sum + part.length, 0);
  }

  async scoreContinuations(prompt: Prompt, continuations: readonly (readonly Token[])[]): Promise<number[]> {
    const root = buildTrie(continuations);
    this.#checkFits(prompt, Math.max(0, ...continuations.map((tokens) => tokens.length)));
    await this.#rewind(prompt);
    const wanted = [...root.children.keys()];
    const [next] = await this.#evaluate(prompt.input, new Map([[prompt.input.length - 1, wanted]]));
    const scores = continuations.map(() => 0);
    await this.#scoreChildren(root, 0, next as NextLogprobs, scores);
    return scores;
  }

  async scoreNext(prompt: Prompt, positions: readonly number[], tokens: readonly Token[]): Promise<number[][]> {
    this.#checkFits(prompt, 0);
    await this.#rewind(prompt);
    const wanted = [...new Set(positions)].sort((a, b) => a - b);
    const results = await this.#evaluate(prompt.input, new Map(wanted.map((position) => [position, tokens])));
    return positions.map((position) => {
      const next = results[wanted.indexOf(position)] as NextLogprobs;
      return tokens.map((token) => next.get(token) as number);
    });
  }

  async readOutputs(prompt: Prompt, positions: readonly number[], count: number): Promise<Float64Array[]> {
    this.#checkFits(prompt, 0);
    await this.#rewind(prompt);
    this.#onCall();
    this.evaluatedTokens += prompt.input.length;
    if (this.#values !== null) return this.#readValues(prompt, positions, count, this.#values);
    const tokens = Array.from({ length: count }, (_, token) => token as NativeToken);
    const wanted = new Set(positions);
    const outputs = await this.#sequence.controlledEvaluate(
      prompt.input.map((token, position) =>
        wanted.has(position)
          ? [token as NativeToken, { generateNext: { logits: { filter: { tokens } } } }]
          : (token as NativeToken),
      ),
    );
    return positions.map((position) => {
      const values = new Float64Array(count).fill(Number.NaN);
      for (const [token, logit] of outputs[position]?.next.logits ?? []) values[token] = logit;
      return checkFinite(values, this.#path);
    });
  }

  /**
   * Nothing is asked of the output matrix: the values are in the state that the evaluation leaves. A state leaves out
   * what a sliding window has passed, so a long text is read a stretch at a time.
   */
  async #readValues(prompt: Prompt, positions: readonly number[], count: number, { places, file }: ValueSource) {
    const before = this.#sequence.nextTokenIndex;
    const found = new Map<number, Float64Array>();
    try {
      for (let start = 0; start < prompt.input.length; start += stretchTokens) {
        const stretch = prompt.input.slice(start, start + stretchTokens);
        await this.#sequence.evaluateWithoutGeneratingNewTokens(stretch as NativeToken[]);
        const within = positions.filter((position) => position >= start && position < start + stretch.length);
        if (within.length === 0) continue;
        await this.#sequence.saveStateToFile(file);
        const values = readStateFile(file, places);
        for (const position of within) found.set(position, values.at(before + position).subarray(0, count));
      }
    } finally {
      await rm(file, { force: true });
    }
    return positions.map((position) => checkFinite(found.get(position) as Float64Array, this.#path));
  }

  async decode(prompt: Prompt, next: NextTokens, options: { maxTokens: number }): Promise<Decoded> {
    this.#checkFits(prompt, options.maxTokens);
    await this.#rewind(prompt);
    const tokens: Token[] = [];
    const logprobs: number[] = [];
    const choiceLogprobs: number[] = [];
    let input = prompt.input;
    while (tokens.length < options.maxTokens) {
      const allowed = next(tokens);
      if (allowed === null || allowed.length === 0) break;
      const [scores] = await this.#evaluate(input, new Map([[input.length - 1, allowed]]));
      const best = bestOf(allowed, scores as NextLogprobs);
      tokens.push(best.token);
      logprobs.push(best.logprob);
      choiceLogprobs.push(best.choiceLogprob);
      this.generatedTokens++;
      input = [best.token];
    }
    return { tokens, logprobs, choiceLogprobs };
  }

  async generate(prompt: Prompt, options: GenerateOptions): Promise<Generated> {
    this.#checkFits(prompt, options.maxTokens);
    const grammar =
      options.grammar === undefined ? null : await this.#llama.createGrammar({ grammar: options.grammar });
    await this.#rewind(prompt);
    this.#onCall();
    this.evaluatedTokens += prompt.input.length;
    const tokens: NativeToken[] = [];
    const stream = this.#sequence.evaluate(prompt.input as NativeToken[], {
      temperature: 0,
      ...(options.sample ?? {}),
      ...(grammar === null
        ? {}
        : { grammarEvaluationState: new LlamaGrammarEvaluationState({ model: this.#model, grammar }) }),
    });
    const written = () => this.#model.detokenize(tokens, false, prompt.input.slice(-1) as NativeToken[]);
    let ended: Pick<Generated, 'text' | 'stopReason'> | null = null;
    try {
      for await (const token of stream) {
        options.signal?.throwIfAborted();
        tokens.push(token);
        const text = written();
        const stop = firstStop(text, options.stop ?? []);
        if (stop !== -1) ended = { text: text.slice(0, stop), stopReason: 'stop' };
        else if (tokens.length >= options.maxTokens) ended = { text, stopReason: 'length' };
        if (ended !== null) break;
      }
    } catch (error) {
      if (!/empty grammar stack/u.test(messageOf(error))) throw error;
      // The context holds tokens that the library does not count: it begins anew.
      await this.#sequence.clearHistory();
      this.#held = [];
      await this.#checkNumbers(prompt);
      throw failure(
        `no token of the model continues ${JSON.stringify(written())} as the grammar allows`,
        'The grammar asks for characters that the model cannot write there; `slm tasks validate` checks its form only.',
        error,
      );
    }
    this.generatedTokens += tokens.length;
    await this.#checkNumbers(prompt);
    return { ...(ended ?? { text: written(), stopReason: 'end' }), tokens: tokens.length };
  }

  async dispose(): Promise<void> {
    await this.#context.dispose();
  }

  /**
   * A text does not show that all tokens were equally unlikely. So after the first one, a slot looks at the
   * probabilities after the first token of its prompt, unless it has seen some before.
   * @throws SlmError of kind `model` when they are no numbers
   */
  async #checkNumbers(prompt: Prompt): Promise<void> {
    const [token] = prompt.input;
    if (this.#givesNumbers || token === undefined) return;
    const held = this.#held.reduce((sum, part) => sum + part.length, 0);
    if (!(await this.#erase(held))) this.#held = [];
    await this.#nextLogprobs([token], new Map([[0, [token]]]));
  }

  /** Scores everything below `node`, whose next-token log-probabilities are known; leaves the state as it found it. */
  async #scoreChildren(node: TrieNode, logprob: number, next: NextLogprobs, scores: number[]): Promise<void> {
    for (const child of node.children.values()) {
      const childLogprob = logprob + (next.get(child.token) as number);
      for (const index of child.ends) scores[index] = childLogprob;
      if (child.children.size > 0) await this.#scoreBelow(child, childLogprob, scores);
    }
  }

  async #scoreBelow(node: TrieNode, logprob: number, scores: number[]): Promise<void> {
    const chain = chainFrom(node);
    await this.#markReturn();
    const before = this.#sequence.nextTokenIndex;
    const results = await this.#evaluate(
      chain.map((link) => link.token),
      new Map(chain.map((link, position) => [position, [...link.children.keys()]])),
    );
    let sum = logprob;
    for (const [position, link] of chain.entries()) {
      const next = results[position] as NextLogprobs;
      const following = chain[position + 1];
      if (following === undefined) {
        await this.#scoreChildren(link, sum, next, scores);
      } else {
        sum += next.get(following.token) as number;
        for (const index of following.ends) scores[index] = sum;
      }
    }
    await this.#erase(before);
  }

  /** Evaluates `tokens` and returns the wanted next-token log-probabilities, in order of position. */
  async #evaluate(tokens: readonly Token[], wanted: ReadonlyMap<number, readonly Token[]>): Promise<NextLogprobs[]> {
    this.#onCall();
    this.evaluatedTokens += tokens.length;
    return this.#nextLogprobs(tokens, wanted);
  }

  async #nextLogprobs(tokens: readonly Token[], wanted: ReadonlyMap<number, readonly Token[]>) {
    const outputs = await this.#sequence.controlledEvaluate(
      tokens.map((token, position) => {
        const next = wanted.get(position);
        return next === undefined
          ? (token as NativeToken)
          : [
              token as NativeToken,
              {
                generateNext: {
                  totalLogitWeight: true,
                  // `includeMax` of the library is broken; at temperature 0 the selected token is the maximum.
                  logits: { filter: { tokens: next as NativeToken[], includeSelected: true } },
                },
              },
            ];
      }),
    );
    const found = [...wanted.keys()]
      .sort((a, b) => a - b)
      .map((position) => nextLogprobs(outputs[position] as ControlledEvaluateIndexOutput));
    if (found.includes(null)) throw noNumbers(this.#path);
    this.#givesNumbers = true;
    return found as NextLogprobs[];
  }

  /** Brings the context to exactly the prompt's prefix. */
  async #rewind(prompt: Prompt): Promise<void> {
    const shared = this.#sharedParts(prompt);
    const kept = this.#held.slice(0, shared);
    const keptTokens = kept.reduce((sum, part) => sum + part.length, 0);
    this.#held = kept;
    if (!(await this.#erase(keptTokens))) this.#held = [];
    this.reusedTokens += this.#held.length === 0 ? 0 : keptTokens;
    for (const part of prompt.prefix.slice(this.#held.length)) {
      this.#onCall();
      if (this.#held.length === 0) await this.#enter(part);
      else {
        this.evaluatedTokens += part.length;
        await this.#evaluatePrefix(part);
      }
      this.#held.push(part);
    }
  }

  /** Reads or evaluates what all records share; it is no cost of the record that happens to come first. */
  async #enter(part: readonly Token[]): Promise<void> {
    const read = await this.#prefixes?.enter(part, {
      evaluate: () => this.#evaluatePrefix(part),
      load: (file) => this.#loadState(file, part),
      save: (file) => this.#sequence.saveStateToFile(file),
    });
    if (read === undefined) await this.#evaluatePrefix(part);
    if (read === true) this.reusedTokens += part.length;
    else this.prefixTokens += part.length;
  }

  async #evaluatePrefix(part: readonly Token[]): Promise<void> {
    if (part.length === 0) return;
    await this.#sequence.evaluateWithoutGeneratingNewTokens(part as NativeToken[]);
    await this.#markReturn();
  }

  /** A hybrid model cannot take back tokens, but returns to a state that was kept. For others this does nothing. */
  async #markReturn(): Promise<void> {
    await this.#sequence.takeCheckpoint();
  }

  async #loadState(file: string, part: readonly Token[]): Promise<boolean> {
    try {
      await this.#sequence.loadStateFromFile(file, { acceptRisk: true });
      if (sameTokens(this.#sequence.contextTokens as Token[], part)) {
        await this.#markReturn();
        return true;
      }
    } catch {
      // The state may be of another version of the format.
    }
    await this.#sequence.clearHistory();
    return false;
  }

  /** Drops everything from token `start` on; false when the model cannot and everything had to go. */
  async #erase(start: number): Promise<boolean> {
    const end = this.#sequence.nextTokenIndex;
    if (end === start) return true;
    if (start > 0 && end > start) await this.#sequence.eraseContextTokenRanges([{ start, end }]);
    if (start > 0 && this.#sequence.nextTokenIndex === start) return true;
    await this.#sequence.clearHistory();
    return start === 0;
  }

  #sharedParts(prompt: Prompt): number {
    let shared = 0;
    for (const part of prompt.prefix) {
      const held = this.#held[shared];
      if (held === undefined || !sameTokens(held, part)) break;
      shared++;
    }
    return shared;
  }

  #checkFits(prompt: Prompt, further: number): void {
    const length = prompt.prefix.reduce((sum, part) => sum + part.length, 0) + prompt.input.length + further;
    const { contextSize } = this.#context;
    if (length > contextSize) throw new PromptTooLong(length, contextSize);
  }
}

/**
 * Exact: the maximum and the sum over the whole vocabulary give the logarithm of the softmax's denominator. A single
 * token may have the log-probability −∞; null where the denominator, and so every probability, is no number.
 */
function nextLogprobs(output: ControlledEvaluateIndexOutput): NextLogprobs | null {
  const { logits, totalLogitWeight } = output.next;
  if (logits === undefined || totalLogitWeight === undefined) throw new Error('no logits from llama.cpp');
  let max = Number.NEGATIVE_INFINITY;
  for (const logit of logits.values()) max = Math.max(max, logit);
  const denominator = max + Math.log(totalLogitWeight);
  if (!Number.isFinite(denominator)) return null;
  return new Map([...logits].map(([token, logit]) => [token as Token, logit - denominator]));
}

function bestOf(allowed: readonly Token[], scores: NextLogprobs) {
  let token = allowed[0] as Token;
  let logprob = Number.NEGATIVE_INFINITY;
  let total = 0;
  for (const candidate of new Set(allowed)) {
    const score = scores.get(candidate) as number;
    total += Math.exp(score);
    if (score > logprob) {
      token = candidate;
      logprob = score;
    }
  }
  return { token, logprob, choiceLogprob: total > 0 ? logprob - Math.log(total) : 0 };
}

function firstStop(text: string, stops: readonly string[]): number {
  const found = stops.map((stop) => text.indexOf(stop)).filter((index) => index !== -1);
  return found.length === 0 ? -1 : Math.min(...found);
}

function sameTokens(a: readonly Token[], b: readonly Token[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((token, index) => token === b[index]);
}
