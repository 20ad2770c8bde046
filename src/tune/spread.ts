import { fitTfidf, tfidfTransform } from '../linear/tfidf.js';
import { createRandom, type Random, shuffle } from '../random.js';

/** Numbers of a text's position: enough to tell topics apart, few enough to compare thousands of texts. */
const dimensions = 64;
/** Among more texts than that nothing is compared: they are drawn at random. */
const mostCompared = 10_000;
/** Terms that fewer texts have tell nothing of how texts are alike. */
const minimumTexts = 2;

/**
 * An order of texts of which every beginning is spread over all of them: each next text is drawn with the square of its
 * distance to the nearest one before it, so that what is like a drawn text hardly comes again, and what is common comes
 * more often than what is odd. Distances are those of counts of words, projected at random to a few dimensions.
 * D. Arthur, S. Vassilvitskii, "k-means++: The Advantages of Careful Seeding", SODA 2007; D. Achlioptas,
 * "Database-friendly random projections", 2003.
 * @returns places of texts, `count` of them or fewer
 */
export function spreadOrder(texts: readonly string[], count: number, seed: number): number[] {
  const random = createRandom(seed);
  const pool = shuffle(Array.from(texts.keys()), random).slice(0, mostCompared);
  const points = projected(
    pool.map((place) => texts[place] as string),
    random,
  );
  const distance = new Float64Array(pool.length).fill(1);
  const order: number[] = [];
  while (order.length < Math.min(count, pool.length)) {
    const next = draw(distance, random);
    order.push(pool[next] as number);
    const chosen = points[next] as Float64Array;
    points.forEach((point, i) => {
      distance[i] = Math.min(distance[i] as number, squaredDistance(point, chosen));
    });
    // Also where another text stands at the same place.
    distance[next] = 0;
    if (distance.every((value) => value === 0)) {
      // The remaining texts are equal to chosen ones.
      const drawn = new Set(order);
      order.push(...pool.filter((place) => !drawn.has(place)).slice(0, count - order.length));
    }
  }
  return order;
}

/** A place, drawn with its weight. */
function draw(weights: Float64Array, random: Random): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = random.next() * total;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i] as number;
    if (left < 0) return i;
  }
  return weights.findLastIndex((weight) => weight > 0);
}

function projected(texts: readonly string[], random: Random): Float64Array[] {
  const { offsets, indices, values, columns } = tfidfTransform(fitTfidf(texts, { minimumTexts }))(texts);
  const signs = Int8Array.from({ length: columns * dimensions }, () => (random.next() < 0.5 ? -1 : 1));
  const scale = 1 / Math.sqrt(dimensions);
  return texts.map((_, row) => {
    const point = new Float64Array(dimensions);
    for (let at = offsets[row] as number; at < (offsets[row + 1] as number); at++) {
      const from = (indices[at] as number) * dimensions;
      const value = (values[at] as number) * scale;
      for (let d = 0; d < dimensions; d++) point[d] = (point[d] as number) + value * (signs[from + d] as number);
    }
    return point;
  });
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return sum;
}
