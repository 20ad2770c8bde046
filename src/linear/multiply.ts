/** Columns of A and B that are worked on at a time: 8 rows of that length stay in the first-level cache. */
const panel = 256;

/**
 * C = A · Bᵀ, with A (m × k), B (n × k) and C (m × n) row-major. Both operands are read along their rows; a
 * tile of 4 × 4 sums is kept in registers, which is several times faster than one dot product after another.
 */
export function multiplyTransposed(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  m: number,
  n: number,
  k: number,
): void {
  c.fill(0, 0, m * n);
  for (let from = 0; from < k; from += panel) {
    const to = Math.min(k, from + panel);
    for (let i = 0; i < m; i += 4) {
      for (let j = 0; j < n; j += 4) {
        if (i + 4 <= m && j + 4 <= n) addTile(a, b, c, i, j, n, k, from, to);
        else addEdge(a, b, c, i, j, m, n, k, from, to);
      }
    }
  }
}

function addTile(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  i: number,
  j: number,
  n: number,
  k: number,
  from: number,
  to: number,
): void {
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  let a0 = i * k + from;
  let a1 = a0 + k;
  let a2 = a1 + k;
  let a3 = a2 + k;
  let b0 = j * k + from;
  let b1 = b0 + k;
  let b2 = b1 + k;
  let b3 = b2 + k;
  for (let t = from; t < to; t++) {
    const x0 = a[a0++] as number;
    const x1 = a[a1++] as number;
    const x2 = a[a2++] as number;
    const x3 = a[a3++] as number;
    const y0 = b[b0++] as number;
    const y1 = b[b1++] as number;
    const y2 = b[b2++] as number;
    const y3 = b[b3++] as number;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  const sums = [s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23, s30, s31, s32, s33];
  for (let r = 0; r < 4; r++) {
    for (let q = 0; q < 4; q++) {
      const at = (i + r) * n + j + q;
      c[at] = (c[at] as number) + (sums[4 * r + q] as number);
    }
  }
}

/** The part of a tile that lies inside the matrix, one dot product after another. */
function addEdge(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  i: number,
  j: number,
  m: number,
  n: number,
  k: number,
  from: number,
  to: number,
): void {
  for (let r = i; r < Math.min(m, i + 4); r++) {
    for (let q = j; q < Math.min(n, j + 4); q++) {
      let sum = 0;
      for (let t = from; t < to; t++) sum += (a[r * k + t] as number) * (b[q * k + t] as number);
      c[r * n + q] = (c[r * n + q] as number) + sum;
    }
  }
}
