/** A stream of pseudo-random numbers: the same seed gives the same stream on every machine. */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform integer in [0, n). The bias is below n / 2³². */
  below(n: number): number;
}

/**
 * xoshiro128** 1.1: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4),
 * 2021; https://prng.di.unimi.it/xoshiro128starstar.c. The state is filled from the seed's 32 bits by a
 * counter through the finaliser of MurmurHash3, so that neighbouring seeds give unrelated streams.
 */
export function createRandom(seed: number): Random {
  let counter = seed | 0;
  const fill = (): number => {
    counter = (counter + 0x9e3779b9) | 0;
    let z = counter;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
  let a = fill();
  let b = fill();
  let c = fill();
  let d = fill();

  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result / 0x1_0000_0000;
  };
  return { next, below: (n) => Math.floor(next() * n) };
}

/** A shuffled copy (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const item = shuffled[i] as T;
    shuffled[i] = shuffled[j] as T;
    shuffled[j] = item;
  }
  return shuffled;
}
