/** Row-major: the value of column c in row r stands at `r × columns + c`. */
export interface DenseMatrix {
  readonly kind: 'dense';
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array | Float64Array;
}

/** Compressed rows: the entries of row r stand at `offsets[r]` up to, not including, `offsets[r + 1]`. */
export interface SparseMatrix {
  readonly kind: 'sparse';
  readonly rows: number;
  readonly columns: number;
  readonly offsets: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array | Float64Array;
}

export type Matrix = DenseMatrix | SparseMatrix;

export function denseMatrix(rows: readonly ArrayLike<number>[], columns: number): DenseMatrix {
  const values = new Float64Array(rows.length * columns);
  rows.forEach((row, r) => {
    if (row.length !== columns) throw new Error(`row ${r} has ${row.length} values, not ${columns}`);
    values.set(row, r * columns);
  });
  return { kind: 'dense', rows: rows.length, columns, values };
}

/** One list of [column, value] a row. */
export function sparseMatrix(
  rows: readonly (readonly (readonly [column: number, value: number])[])[],
  columns: number,
): SparseMatrix {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, r) => {
    offsets[r + 1] = (offsets[r] as number) + row.length;
  });
  const entries = offsets[rows.length] as number;
  const indices = new Int32Array(entries);
  const values = new Float64Array(entries);
  rows.forEach((row, r) => {
    row.forEach(([column, value], i) => {
      indices[(offsets[r] as number) + i] = column;
      values[(offsets[r] as number) + i] = value;
    });
  });
  return { kind: 'sparse', rows: rows.length, columns, offsets, indices, values };
}

/** The given rows, in the given order, copied. */
export function selectRows<M extends Matrix>(matrix: M, rows: ArrayLike<number>): M;
export function selectRows(matrix: Matrix, rows: ArrayLike<number>): Matrix {
  return matrix.kind === 'dense' ? selectDense(matrix, rows) : selectSparse(matrix, rows);
}

function selectDense(matrix: DenseMatrix, rows: ArrayLike<number>): DenseMatrix {
  const { columns } = matrix;
  const values = new (matrix.values.constructor as Float64ArrayConstructor)(rows.length * columns);
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * columns;
    values.set(matrix.values.subarray(from, from + columns), i * columns);
  }
  return { kind: 'dense', rows: rows.length, columns, values };
}

function selectSparse(matrix: SparseMatrix, rows: ArrayLike<number>): SparseMatrix {
  const offsets = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    offsets[i + 1] = (offsets[i] as number) + (matrix.offsets[row + 1] as number) - (matrix.offsets[row] as number);
  }
  const entries = offsets[rows.length] as number;
  const indices = new Int32Array(entries);
  const values = new (matrix.values.constructor as Float64ArrayConstructor)(entries);
  for (let i = 0; i < rows.length; i++) {
    const from = matrix.offsets[rows[i] as number] as number;
    const to = matrix.offsets[(rows[i] as number) + 1] as number;
    indices.set(matrix.indices.subarray(from, to), offsets[i] as number);
    values.set(matrix.values.subarray(from, to), offsets[i] as number);
  }
  return { kind: 'sparse', rows: rows.length, columns: matrix.columns, offsets, indices, values };
}
