import { readGgufHeader } from '../../../gguf/header.js';
import type { GgufArray, GgufHeader, GgufTensor } from '../../../gguf/types.js';
import { importInternal } from './internals.js';

/** The value that the library's own parser resolves to. */
interface ParsedFile {
  readonly tensorCount: number;
  readonly metadata: unknown;
  readonly tensorInfo: readonly object[];
  readonly metadataSize: number;
  readonly tensorInfoSize: number;
  readonly infoEndOffset: number;
}

interface Parser {
  readonly _fileReader?: { readonly filePath?: unknown };
  parse(): Promise<ParsedFile>;
}

type Nest = (
  flat: Record<string, unknown>,
  options: { logOverrideWarnings: boolean; noDirectSubNestingKeys: readonly string[] },
) => unknown;

/**
 * Has the library read model files with our reader, which skips over the vocabulary: 10 ms instead of 100 (49,152
 * tokens) to 300 (262,144). llama.cpp reads the vocabulary itself. Of long arrays only the length is there.
 * Does nothing where the library is not as it was in 3.22.1; where our reader finds a file odd, theirs reads it.
 */
export async function readHeadersFast(): Promise<void> {
  try {
    const [{ GgufV2Parser }, { convertMetadataKeyValueRecordToNestedObject: nest }, consts] = await Promise.all([
      importInternal<{ GgufV2Parser: { prototype: Parser } }>('gguf/parser/GgufV2Parser.js'),
      importInternal<{ convertMetadataKeyValueRecordToNestedObject: Nest }>(
        'gguf/utils/convertMetadataKeyValueRecordToNestedObject.js',
      ),
      importInternal<{ noDirectSubNestingGGufMetadataKeys: readonly string[] }>('gguf/consts.js'),
    ]);
    const { parse } = GgufV2Parser.prototype;
    if (typeof parse !== 'function' || typeof nest !== 'function' || parse.name === 'parseFast') return;
    GgufV2Parser.prototype.parse = async function parseFast(this: Parser) {
      const file = this._fileReader?.filePath;
      if (typeof file !== 'string') return parse.call(this);
      try {
        return parsed(readGgufHeader(file), nest, consts.noDirectSubNestingGGufMetadataKeys);
      } catch {
        return parse.call(this);
      }
    };
  } catch {
    return;
  }
}

function parsed(header: GgufHeader, nest: Nest, noDirectSubNestingKeys: readonly string[]): ParsedFile {
  const metadataSize = Math.max(24, ...[...header.metadata.values()].map((entry) => entry.end));
  const flat: Record<string, unknown> = {};
  for (const { key, value } of header.metadata.values()) flat[key] = typeof value === 'object' ? listOf(value) : value;
  return {
    tensorCount: header.tensors.length,
    metadata: nest(flat, { logOverrideWarnings: false, noDirectSubNestingKeys }),
    tensorInfo: header.tensors.map(({ name, shape, type, offset }) => ({
      name,
      dimensions: shape,
      ggmlType: type,
      offset,
      fileOffset: header.dataStart + offset,
      filePart: 1,
    })),
    metadataSize,
    tensorInfoSize: header.tensors.reduce((sum, tensor) => sum + entryBytes(tensor), 0),
    infoEndOffset: header.dataStart,
  };
}

/** A tensor's entry: its name, the number of dimensions, each of them, the type and the offset. */
function entryBytes({ name, shape }: GgufTensor): number {
  return 8 + Buffer.byteLength(name) + 4 + 8 * shape.length + 4 + 8;
}

/** A list of the right length; empty places where the values were skipped. */
function listOf({ values, length }: GgufArray): readonly unknown[] {
  return values ?? new Array(length);
}
