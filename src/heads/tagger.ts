import { type ChainSteps, trainChain } from '../linear/chain.js';
import type { DenseMatrix } from '../linear/matrix.js';
import { fitStandardiser, standardise, toPlainFeatures } from '../linear/standardise.js';
import { heldOutLexicalLogprobs, type LexicalTagger, type LexicalText, trainLexicalTagger } from './lexical-tagger.js';
import { tagCount, tagMask } from './tags.js';

/**
 * A word tagger over frozen features: the score of a tag is linear in the hidden state at the word and, where joined,
 * in the log-probabilities of a lexical tagger; a chain of tags is decoded as a whole.
 */
export interface Tagger {
  readonly labels: readonly string[];
  /** Numbers of a hidden state. */
  readonly width: number;
  /** A row for each tag over the hidden state as it is read. */
  readonly rows: readonly Float32Array[];
  readonly bias: Float64Array;
  readonly lexical: { readonly tagger: LexicalTagger /** tags × tags. */; readonly mix: Float64Array } | null;
  readonly steps: ChainSteps;
}

/** One text to learn from. */
export interface TaggedText extends LexicalText {
  /** Words × width, one word after another. */
  readonly hidden: Float32Array;
}

export interface TaggerOptions {
  readonly labels: readonly string[];
  readonly width: number;
  /** Strength of L2 on the weights of standardised features. */
  readonly l2: number;
  readonly lexical: boolean;
  readonly seed: number;
  /** Iterations of the fit; fewer while candidates are compared. */
  readonly maxIterations?: number;
}

/** Folds of the lexical tagger whose held-out opinion is joined. */
const lexicalFolds = 5;

export function trainTagger(texts: readonly TaggedText[], options: TaggerOptions): Tagger {
  const { labels, width } = options;
  const tags = tagCount(labels.length);
  const heldOut = options.lexical
    ? heldOutLexicalLogprobs(texts, tags, { folds: lexicalFolds, seed: options.seed })
    : null;
  const X = joined(
    texts.map(({ hidden }) => hidden),
    heldOut,
    width,
    tags,
  );
  const gold = Int32Array.from(texts.flatMap(({ tags: own }) => [...own]));
  const lengths = texts.map(({ tags: own }) => own.length);
  const standardiser = fitStandardiser(X);
  const fitted = trainChain(standardise(X, standardiser), gold, lengths, tags, {
    l2: options.l2,
    mask: tagMask(labels.length),
    ...(options.maxIterations === undefined ? {} : { maxIterations: options.maxIterations }),
  });
  const model = toPlainFeatures(fitted, standardiser);
  const columns = X.columns;
  const part = (tag: number, from: number, to: number) =>
    model.weights.subarray(tag * columns + from, tag * columns + to);
  const mix = new Float64Array(tags * tags);
  for (let tag = 0; heldOut !== null && tag < tags; tag++) mix.set(part(tag, width, columns), tag * tags);
  return {
    labels,
    width,
    rows: Array.from({ length: tags }, (_, tag) => Float32Array.from(part(tag, 0, width))),
    bias: model.bias,
    lexical: heldOut === null ? null : { tagger: trainLexicalTagger(texts, tags), mix },
    steps: fitted.steps,
  };
}

function joined(
  hidden: readonly Float32Array[],
  lexical: readonly Float64Array[] | null,
  width: number,
  tags: number,
): DenseMatrix {
  const rows = hidden.reduce((sum, part) => sum + part.length / width, 0);
  const columns = lexical === null ? width : width + tags;
  const values = new Float64Array(rows * columns);
  let row = 0;
  hidden.forEach((part, text) => {
    const words = part.length / width;
    for (let w = 0; w < words; w++, row++) {
      values.set(part.subarray(w * width, (w + 1) * width), row * columns);
      const own = lexical?.[text];
      if (own !== undefined) values.set(own.subarray(w * tags, (w + 1) * tags), row * columns + width);
    }
  });
  return { kind: 'dense', rows, columns, values };
}

/** Scores of the hidden part, words × tags: what a derived file with the tagger's rows gives by itself. */
export function hiddenScores(tagger: Pick<Tagger, 'rows' | 'width'>, hidden: Float32Array): Float64Array {
  const { rows, width } = tagger;
  const words = hidden.length / width;
  const scores = new Float64Array(words * rows.length);
  for (let w = 0; w < words; w++) {
    rows.forEach((row, tag) => {
      let sum = 0;
      for (let f = 0; f < width; f++) sum += (row[f] as number) * (hidden[w * width + f] as number);
      scores[w * rows.length + tag] = sum;
    });
  }
  return scores;
}

/**
 * Scores of the tags of each word, before steps between them.
 * @param scores of the hidden part, words × tags
 * @param logprobs of the lexical tagger, words × tags; null where the tagger has none
 */
export function emissions(tagger: Tagger, scores: ArrayLike<number>, logprobs: ArrayLike<number> | null): DenseMatrix {
  const tags = tagger.bias.length;
  const values = Float64Array.from(
    { length: scores.length },
    (_, i) => (scores[i] as number) + (tagger.bias[i % tags] as number),
  );
  const rows = values.length / tags;
  if (tagger.lexical !== null && logprobs !== null) {
    const { mix } = tagger.lexical;
    for (let w = 0; w < rows; w++) {
      for (let tag = 0; tag < tags; tag++) {
        let sum = 0;
        for (let k = 0; k < tags; k++) sum += (mix[tag * tags + k] as number) * (logprobs[w * tags + k] as number);
        values[w * tags + tag] = (values[w * tags + tag] as number) + sum;
      }
    }
  }
  return { kind: 'dense', rows, columns: tags, values };
}
