import { rm } from 'node:fs/promises';
import type { Token as NativeToken } from 'node-llama-cpp';
import { failure } from '../../errors.js';
import { derivedIds, writeDerived } from '../../gguf/derive.js';
import type { Recipe } from '../../gguf/recipe.js';
import type { Token } from '../../types.js';
import { startBackend } from './backend.js';
import { openEngine } from './open-engine.js';

export interface DerivedCheck {
  /** The whole model. */
  readonly source: string;
  /** The file made of it. */
  readonly derived: string;
  readonly recipe: Recipe;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onLog?: (line: string) => void;
}

export interface DerivedFindings {
  /** Tokens of the check texts, which are the same in both; null where the recipe does not keep the tokenisation. */
  readonly tokens: number | null;
  /**
   * Largest gain of a log-probability over that of the file with the whole vocabulary, nats: what the dropped tokens
   * had of the probability there. It is the same for all tokens at a place, so that comparing them is not touched.
   * Null where there is nothing to compare with: the whole vocabulary, or an output matrix of one's own.
   */
  readonly logprobGain: number | null;
}

/** Most that two tokens at one place may move against each other, nats: noise. Seen: 0. */
const tolerance = 0.005;

/** Tokens whose log-probabilities are compared. */
const tokensCompared = 200;
/** Tokens that are read to see whether numbers come out: few, since the first result waits for it. */
const tokensTried = 8;

/** Prose, rare words, names with accents, numbers, code, odd spaces, markup: all in the alphabet `latin`. */
const checkTexts = [
  'The quick brown fox — “really?” she asked — paid €12.50 (or £9.99 / $13) for 3,141.59 g of Gruyère…',
  'Łukasz Świątek, Zoë Müller-Lüdenscheidt and İpek Çağlar met in Győr; antidisestablishmentarianism was floccinaucinihilipilificated.',
  'def f(x: int) -> str:\n\treturn f"{x**2:>8}"  # naïve\r\n\r\nif (a != b && c <= 0x1F) { return arr[i]?.foo ?? `bar`; }\n    </div>\n\n\n',
  'GET /v1/users?id=42&sort=-created HTTP/1.1 404 x86_64 IPv6 fe80::1%eth0 user@example.org 2024-02-29T23:59:60Z +49 (0)30 1234567',
  '<bos><start_of_turn>user <|im_start|> <unused7> [INST] <s> </s> <0x41> ~~~ ^^ __init__  two  spaces   three    four\t\ttabs ',
];

/**
 * Makes sure that a derived file loads and does what the whole model does.
 * The tokens of an alphabet: the check texts have the same tokens. No output matrix of its own: the log-probabilities
 * of some tokens differ by the same amount at each place from those of the file with the same layers and the whole
 * vocabulary (which is written beside it and removed where it is not the source): the logits are the same. With one: the file loads and gives numbers.
 * @throws SlmError of kind `failure` that says what differs
 */
export async function verifyDerived(check: DerivedCheck): Promise<DerivedFindings> {
  const { source, derived, recipe } = check;
  const newIds = derivedIds(source, recipe);
  const wanted = await tokenize(check, source);
  let tokens: number | null = null;
  if (typeof recipe.tokens === 'string') {
    compareTokens(wanted, await tokenize(check, derived), newIds);
    tokens = wanted.reduce((sum, { length }) => sum + length, 0);
  }
  // Where tokens are missing, the rest of the text will do: both read the same.
  const old = wanted.map((ids) => ids.filter((id) => (newIds[id] ?? -1) >= 0)).find((ids) => ids.length > 1) ?? [
    newIds.findIndex((id) => id >= 0),
  ];
  const isCompared = recipe.output === null && recipe.tokens !== 'all';
  const scores = await score(
    check,
    derived,
    old.slice(0, isCompared ? tokensCompared : tokensTried).map((id) => newIds[id] ?? 0),
  );
  if (!scores.flat().every(Number.isFinite)) throw failure('its log-probabilities are no numbers.');
  if (!isCompared) return { tokens, logprobGain: null };
  const reference = recipe.layers === null ? source : derived.replace(/(\.gguf)?$/u, '.reference.gguf');
  try {
    if (reference !== source) await writeDerived(source, reference, { ...recipe, tokens: 'all' });
    return { tokens, logprobGain: compareScores(await score(check, reference, old.slice(0, tokensCompared)), scores) };
  } finally {
    if (reference !== source) await rm(reference, { force: true });
  }
}

/** The check texts with the vocabulary of a file, whose weights are not loaded. */
async function tokenize(check: DerivedCheck, modelPath: string): Promise<Token[][]> {
  check.signal?.throwIfAborted();
  const llama = await startBackend({
    accelerator: 'cpu',
    threads: 1,
    onLog: check.onLog ?? (() => undefined),
    headStart: null,
  });
  try {
    const model = await llama.loadModel({ modelPath, vocabOnly: true, gpuLayers: 0 });
    return checkTexts.flatMap((text) => [model.tokenize(text), model.tokenize(text, true)]) satisfies NativeToken[][];
  } finally {
    await llama.dispose();
  }
}

function compareTokens(whole: readonly Token[][], cut: readonly Token[][], newIds: Int32Array): void {
  for (const [i, tokens] of whole.entries()) {
    const found = cut[i] ?? [];
    const differs = tokens.findIndex((id, j) => newIds[id] !== found[j]);
    if (differs === -1 && tokens.length === found.length) continue;
    const at = differs === -1 ? tokens.length : differs;
    throw failure(`it cuts a text into other tokens than the whole model (text ${i}, token ${at}).`);
  }
}

/** Log-probabilities of some of the tokens themselves, after each of them. */
async function score(check: DerivedCheck, path: string, tokens: readonly Token[]): Promise<number[][]> {
  const engine = await openEngine({
    path,
    contextSize: 256,
    parallel: 'one',
    threads: check.threads ?? 1,
    ...(check.onLog === undefined ? {} : { onLog: check.onLog }),
    ...(check.signal === undefined ? {} : { signal: check.signal }),
  });
  try {
    const asked = [...new Set(tokens)].slice(0, 12);
    return await engine.scoreNext({ prefix: [], input: tokens }, [...tokens.keys()], asked);
  } finally {
    await engine.dispose();
  }
}

/**
 * The largest gain. Throws where tokens moved against each other, or lost: fewer tokens share the same weights, so
 * each logit stays and the sum below the fraction can only shrink.
 */
function compareScores(whole: readonly number[][], cut: readonly number[][]): number {
  let largest = 0;
  for (const [i, expected] of whole.entries()) {
    const gains = expected.map((value, j) => (cut[i]?.[j] ?? Number.NaN) - value);
    const least = Math.min(...gains);
    const most = Math.max(...gains);
    if (!(most - least <= tolerance && least >= -tolerance)) {
      throw failure(`log-probabilities moved by ${least.toFixed(3)} to ${most.toFixed(3)} nats at token ${i}.`);
    }
    largest = Math.max(largest, most);
  }
  return largest;
}
