import type { FileHandle } from 'node:fs/promises';
import { modelError, usageError } from '../errors.js';
import { blockOf } from './architectures.js';
import { type RowEncoder, rowEncoders } from './encode.js';
import type { Plan } from './plan.js';
import { readExactly } from './read-exactly.js';
import type { OutputType, RowsOutput, UnitOutput, ValuesOutput } from './recipe.js';
import type { GgufTensor } from './types.js';
import { modelOfValueBlocks, valueBlockSizes, valuesOfBlock } from './value-blocks.js';
import type { NewTensor } from './write.js';

/** Most that is held of a tensor at a time. */
const bufferBytes = 1 << 20;

/** The tensors of a derived file, whose data are read from the source when they are written. */
export function derivedTensors(file: FileHandle, plan: Plan): NewTensor[] {
  const { header, recipe, cut, kept } = plan;
  const tensors: NewTensor[] = [];
  for (const tensor of header.tensors) {
    const block = blockOf(tensor.name);
    if (block !== null && block >= kept) continue;
    // Values are read from the cache: no output matrix is. llama.cpp takes the embedding for one that is missing.
    if (tensor.name === 'output.weight' && recipe.output !== null) continue;
    const byToken = tensor.name === 'token_embd.weight' || tensor.name === 'output.weight';
    tensors.push(byToken && cut !== null ? rowsOf(file, plan, tensor, cut.tokens) : wholeOf(file, plan, tensor));
  }
  if (recipe.output === null) return tensors;
  if ('values' in recipe.output) return [...tensors, ...valueBlocks(file, plan, recipe.output)];
  // Where the model has one: big matrices last or not makes no difference, so it comes after the embedding.
  const place = tensors.findIndex(({ name }) => name === 'token_embd.weight') + 1;
  return tensors.toSpliced(place, 0, outputMatrix(plan, recipe.output));
}

function wholeOf(file: FileHandle, { header }: Plan, tensor: GgufTensor): NewTensor {
  const bytes = tensor.bytes ?? 0;
  const start = header.dataStart + tensor.offset;
  return {
    ...tensor,
    bytes,
    async *data() {
      const buffer = Buffer.allocUnsafe(Math.min(bufferBytes, bytes));
      for (let at = 0; at < bytes; at += buffer.length) {
        yield await readExactly(file, start + at, Math.min(buffer.length, bytes - at), buffer);
      }
    },
  };
}

/** Some rows of a matrix, in the order of the ids. */
function rowsOf(file: FileHandle, { header, size }: Plan, tensor: GgufTensor, ids: readonly number[]): NewTensor {
  const [width = 0, rows = 0] = tensor.shape;
  const rowBytes = (tensor.bytes ?? 0) / rows;
  if (rows !== size || tensor.shape.length !== 2 || !Number.isInteger(rowBytes)) {
    throw modelError(`"${tensor.name}" of ${header.path} does not have one row for each of ${size} tokens.`);
  }
  const start = header.dataStart + tensor.offset;
  return {
    ...tensor,
    shape: [width, ids.length],
    bytes: ids.length * rowBytes,
    async *data() {
      const windowRows = Math.max(1, Math.floor(bufferBytes / rowBytes));
      const buffer = Buffer.allocUnsafe(windowRows * rowBytes);
      for (let next = 0; next < ids.length; ) {
        // From the next row on, as many as fit; the wanted ones move together at the front.
        const first = ids[next] ?? 0;
        const count = Math.min(windowRows, rows - first);
        await readExactly(file, start + first * rowBytes, count * rowBytes, buffer);
        let kept = 0;
        for (let id = ids[next]; id !== undefined && id < first + count; id = ids[++next]) {
          buffer.copyWithin(kept * rowBytes, (id - first) * rowBytes, (id - first + 1) * rowBytes);
          kept++;
        }
        yield buffer.subarray(0, kept * rowBytes);
      }
    },
  };
}

function outputMatrix(plan: Plan, output: UnitOutput | RowsOutput): NewTensor {
  const { width } = plan;
  const tokens = plan.cut?.tokens.length ?? plan.size;
  const encoder = encoderFor(output, width);
  const filled = 'unit' in output ? width : output.rows.length;
  const row = (token: number): Float32Array => {
    if ('rows' in output) return output.rows[token] ?? new Float32Array(width);
    const unit = new Float32Array(width);
    unit[token] = 1;
    return unit;
  };
  const rowBytes = encoder.bytes(width);
  return {
    name: 'output.weight',
    shape: [width, tokens],
    type: encoder.type,
    bytes: tokens * rowBytes,
    async *data() {
      const windowRows = Math.max(1, Math.floor(bufferBytes / rowBytes));
      const buffer = Buffer.alloc(windowRows * rowBytes);
      for (let first = 0; first < tokens; first += windowRows) {
        const count = Math.min(windowRows, tokens - first);
        // Zeros are zero bytes in every type here.
        buffer.fill(0);
        for (let token = first; token < Math.min(first + count, filled); token++) {
          encoder.write(row(token), buffer, (token - first) * rowBytes);
        }
        yield buffer.subarray(0, count * rowBytes);
      }
    },
  };
}

/**
 * A block of the model, once more for each share of the rows, with another first norm and another value
 * matrix. What it would add to the hidden state is nothing, so that the next one sees the same state.
 */
function valueBlocks(file: FileHandle, plan: Plan, { values }: ValuesOutput): NewTensor[] {
  const { header, kept } = plan;
  const original = modelOfValueBlocks(header, kept);
  const model = header.tensors.filter(({ name }) => blockOf(name) === original);
  let first = 0;
  return valueBlockSizes(header, plan.recipe).flatMap((size, i) => {
    const rows = values.slice(first, first + size);
    first += size;
    return model.map((tensor) => {
      const name = tensor.name.replace(`blk.${original}.`, `blk.${kept + i}.`);
      return { ...valueBlockTensor(file, plan, tensor, rows), name };
    });
  });
}

function valueBlockTensor(
  file: FileHandle,
  plan: Plan,
  tensor: GgufTensor,
  values: readonly Float32Array[],
): NewTensor {
  const [, part] = /^blk\.\d+\.(\w+)\./u.exec(tensor.name) ?? [];
  if (part === 'attn_norm') return wholeOf(file, plan, lastNorm(plan));
  if (part === 'attn_output' || part === 'ffn_down') return zerosLike(tensor);
  if (part !== 'attn_v' && part !== 'attn_qkv') return wholeOf(file, plan, tensor);
  // A bias would be added to every value.
  return tensor.name.endsWith('.bias') ? zerosLike(tensor) : valueMatrix(plan, tensor, values);
}

function lastNorm({ header }: Plan): GgufTensor {
  // LFM2 calls it after the embedding.
  const norm = header.tensors.find(({ name }) => name === 'output_norm.weight' || name === 'token_embd_norm.weight');
  if (norm === undefined) throw modelError(`${header.path} has no last norm.`);
  return norm;
}

/** A matrix or bias of zeros: zero bytes are zeros in every type. */
function zerosLike(tensor: GgufTensor): NewTensor {
  const bytes = tensor.bytes ?? 0;
  return {
    ...tensor,
    bytes,
    async *data() {
      const zeros = Buffer.alloc(Math.min(bufferBytes, bytes));
      for (let at = 0; at < bytes; at += zeros.length) yield zeros.subarray(0, Math.min(zeros.length, bytes - at));
    },
  };
}

/** The rows; where queries and keys share the matrix, they come before the values, and are zeros: what they choose is not used. */
function valueMatrix({ header, width }: Plan, tensor: GgufTensor, values: readonly Float32Array[]): NewTensor {
  const [, rows = 0] = tensor.shape;
  const first = rows - valuesOfBlock(header);
  const encoder = rowEncoders.F32;
  const rowBytes = encoder.bytes(width);
  return {
    name: tensor.name,
    shape: [width, rows],
    type: encoder.type,
    bytes: rows * rowBytes,
    async *data() {
      const buffer = Buffer.alloc(rows * rowBytes);
      values.forEach((row, i) => {
        encoder.write(row, buffer, (first + i) * rowBytes);
      });
      yield buffer;
    },
  };
}

function encoderFor(output: UnitOutput | RowsOutput, width: number): RowEncoder {
  const inBlocks = width % 32 === 0;
  const type: OutputType = output.type ?? ('unit' in output || !inBlocks ? 'F16' : 'Q8_0');
  if (type === 'Q8_0' && !inBlocks) {
    throw usageError(`A width of ${width} is not a multiple of 32, which Q8_0 requires.`, 'Choose F16.');
  }
  return rowEncoders[type];
}
