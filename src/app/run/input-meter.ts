import { statSync } from 'node:fs';
import type { ByteSource } from '../../records/index.js';
import type { Origin } from '../../types.js';
import type { Input } from './inputs.js';

/** Knows how far into its inputs a job is. */
export interface InputMeter {
  /** The same inputs, counted as they are read. */
  readonly inputs: Input[];
  /** Share from 0 to 1 of the inputs up to a record; null where sizes are not known. */
  fractionAt(origin: Origin): number | null;
}

interface Part {
  readonly size: number;
  readonly before: number;
  readonly isPacked: boolean;
  bytes: number;
  lines: number;
}

const lf = 0x0a;

/**
 * Files are read ahead in large pieces, so bytes read say little about a small one. The lines among those bytes do:
 * they give the number of lines of the whole file, and a record knows its line.
 */
export function meterInputs(inputs: readonly Input[]): InputMeter {
  const parts = new Map<string, Part>();
  let total: number | null = 0;
  for (const { source } of inputs) {
    const stats = source.file === '-' ? undefined : statSync(source.file, { throwIfNoEntry: false });
    if (stats?.isFile() !== true || total === null) {
      total = null;
      continue;
    }
    parts.set(source.file, {
      size: stats.size,
      before: total,
      isPacked: /\.gz$/iu.test(source.file),
      bytes: 0,
      lines: 0,
    });
    total += stats.size;
  }
  return {
    inputs: inputs.map((input) => ({ ...input, source: counted(input.source, parts.get(input.source.file)) })),
    fractionAt({ file, line }) {
      const part = parts.get(file);
      if (total === null || total === 0 || part === undefined || part.bytes === 0) return null;
      const linesInAll = (part.lines * part.size) / part.bytes;
      const share =
        line === null ? 1 : part.isPacked ? part.bytes / part.size : linesInAll === 0 ? 0 : line / linesInAll;
      return (part.before + part.size * Math.min(1, share)) / total;
    },
  };
}

function counted(source: ByteSource, part: Part | undefined): ByteSource {
  if (part === undefined) return source;
  return {
    file: source.file,
    async *open() {
      for await (const chunk of source.open()) {
        part.bytes += chunk.length;
        for (let at = chunk.indexOf(lf); at !== -1; at = chunk.indexOf(lf, at + 1)) part.lines++;
        yield chunk;
      }
    },
  };
}
