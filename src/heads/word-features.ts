import { type SparseMatrix, sparseMatrix } from '../linear/matrix.js';
import type { Span } from '../types.js';

/**
 * Features of each word without a model: the word, its shape, its ends, its neighbours. After L. Ratinov,
 * D. Roth, "Design Challenges and Misconceptions in Named Entity Recognition", 2009, without gazetteers.
 */
export function wordFeatures(text: string, words: readonly Span[]): string[][] {
  const forms = words.map(({ start, end }) => text.slice(start, end));
  const lower = forms.map((form) => form.toLowerCase());
  const shapes = forms.map(shapeOf);
  const letters = forms.filter((form) => /\p{L}/u.test(form));
  const shouted = letters.filter((form) => form === form.toUpperCase()).length > 0.6 * letters.length;
  const at = (list: readonly string[], i: number) => (i < 0 ? '<' : (list[i] ?? '>'));
  return forms.map((form, i) => {
    const here = lower[i] as string;
    const characters = [...here];
    const features = [
      `w ${form}`,
      `l ${here}`,
      `s ${shapes[i]}`,
      `c ${shouted ? 1 : 0} ${shapes[i]}`,
      `p ${Math.min(i, 3)} ${shapes[i]}`,
      `b- ${at(lower, i - 1)} ${here}`,
      `b+ ${here} ${at(lower, i + 1)}`,
      `t ${at(shapes, i - 1)} ${shapes[i]} ${at(shapes, i + 1)}`,
      `e- ${at(lower, i - 1).slice(-3)}`,
      `e+ ${at(lower, i + 1).slice(-3)}`,
    ];
    for (let n = 1; n <= 4; n++) {
      features.push(`a${n} ${characters.slice(0, n).join('')}`, `z${n} ${characters.slice(-n).join('')}`);
    }
    for (const step of [-2, -1, 1, 2]) {
      features.push(`l${step} ${at(lower, i + step)}`, `s${step} ${at(shapes, i + step)}`);
    }
    return features;
  });
}

/** `Xx`, `XX`, `99`, `X.X.`: upper case, lower case, digits, other letters; runs of one kind are cut at two. */
function shapeOf(word: string): string {
  return word
    .replace(/\p{Lu}/gu, 'X')
    .replace(/\p{Ll}/gu, 'x')
    .replace(/\p{Nd}/gu, '9')
    .replace(/[\p{L}\p{M}]/gu, (letter) => (letter === 'X' || letter === 'x' ? letter : 'o'))
    .replace(/(.)\1{2,}/gu, '$1$1');
}

/**
 * The features that a model knows, as 32-bit hashes in ascending order: two of 100,000 features share one in 1
 * percent of all cases for the whole set, and nothing has to be stored as text.
 */
export type FeatureKeys = Uint32Array;

/** Keys of the features that at least `minimum` words have. */
export function collectKeys(words: readonly (readonly string[])[], minimum: number): FeatureKeys {
  const counts = new Map<number, number>();
  for (const features of words) {
    for (const feature of features) {
      const key = hashOf(feature);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return Uint32Array.from([...counts].filter(([, count]) => count >= minimum).map(([key]) => key)).sort();
}

/** A function from words to rows, a 1 for each feature that a word has; columns are positions in `keys`. */
export function featureRows(keys: FeatureKeys): (words: readonly (readonly string[])[]) => SparseMatrix {
  const columns = new Map(Array.from(keys, (key, column) => [key, column]));
  return (words) =>
    sparseMatrix(
      words.map((features) => {
        const found = new Set<number>();
        for (const feature of features) {
          const column = columns.get(hashOf(feature));
          if (column !== undefined) found.add(column);
        }
        return [...found].sort((a, b) => a - b).map((column): [number, number] => [column, 1]);
      }),
      columns.size,
    );
}

/** FNV-1a over UTF-16 code units, with the finaliser of MurmurHash3, which spreads short texts over all 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
