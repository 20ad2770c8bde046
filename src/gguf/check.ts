import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { modelError, type SlmError } from '../errors.js';
import { codeOf, refusalOf } from '../refusal.js';
import { checkNumbers } from './check-numbers.js';
import { BrokenHeader } from './cursor.js';
import { readGgufHeader } from './header.js';
import { number } from './summary.js';
import type { GgufHeader } from './types.js';

/**
 * Reads the header of a model file and makes sure that llama.cpp can be given it: not empty, not a web page or
 * pointer in place of the file, not cut off, a language model. Throws one modelError that says what the file is.
 * Costs a read of the header (5 to 20 ms); the tensor data are not read.
 */
export function checkGguf(path: string): GgufHeader {
  const stats = statOf(path);
  if (stats.isDirectory()) throw modelError(`${path} is a folder, not a model file.`, 'Give the .gguf file in it.');
  if (stats.size === 0) throw modelError(`${path} is empty.`, downloadAgain);
  const foreign = recognise(firstBytes(path));
  if (foreign !== null) throw modelError(`${path} is ${foreign}, not a GGUF model.`, hintFor(foreign));
  const header = headerOf(path);
  checkComplete(header);
  checkKind(header);
  checkNumbers(header);
  return header;
}

const downloadAgain = 'Download it again; `slm models pull NAME` does so for a model of the catalogue.';

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): SlmError {
  if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) {
    return modelError(`There is no file ${path}.`, '`slm models list` shows the models that have names.', error);
  }
  return modelError(`${path} cannot be read: ${refusalOf(error)}.`, undefined, error);
}

function firstBytes(path: string): Buffer {
  const buffer = Buffer.alloc(512);
  try {
    const file = openSync(path, 'r');
    try {
      return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Names the kind of a file that is not GGUF, by its first bytes; null for GGUF. */
function recognise(start: Buffer): string | null {
  if (start.subarray(0, 4).toString('latin1') === 'GGUF') return null;
  const text = start
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (text.startsWith('version https://git-lfs')) return 'a Git LFS pointer';
  if (/^<(!doctype|html|head|\?xml)/i.test(text)) return 'a web page';
  if (/^[{[]\s*["\]}]/.test(text)) return 'a JSON text';
  if (text.startsWith('PK\u0003\u0004')) return 'a zip archive (or PyTorch weights)';
  if (/^gg(ml|jt|mf|la)|^(lmgg|tjgg|fmgg)/.test(text)) return 'an old GGML file';
  if (start.subarray(8, 10).toString('latin1') === '{"') return 'a safetensors file';
  if (start.every((byte) => byte === 0)) return 'filled with zeros';
  return 'something else (it does not begin with "GGUF")';
}

function hintFor(foreign: string): string {
  if (foreign.includes('LFS')) return 'The weights are missing: run `git lfs pull` where it was cloned.';
  if (foreign.includes('GGML') || foreign.includes('safetensors') || foreign.includes('zip')) {
    return 'Convert it with convert_hf_to_gguf.py of llama.cpp, or look for a GGUF version of the model.';
  }
  return downloadAgain;
}

function headerOf(path: string): GgufHeader {
  try {
    return readGgufHeader(path);
  } catch (error) {
    if (!(error instanceof BrokenHeader)) throw unreadable(path, error);
    const what = error.truncated ? 'is cut off' : 'is damaged or not a GGUF model that can be read here';
    throw modelError(`${path} ${what}: ${error.message}.`, downloadAgain, error);
  }
}

function checkComplete(header: GgufHeader): void {
  const end = dataEnd(header);
  if (end > header.fileBytes) {
    throw modelError(
      `${header.path} is cut off: its tensors need ${end} bytes, the file has ${header.fileBytes}.`,
      downloadAgain,
    );
  }
}

/** Where the last tensor ends, bytes from the start of the file. Tensors of unknown type count as empty. */
function dataEnd(header: GgufHeader): number {
  return header.tensors.reduce(
    (end, tensor) => Math.max(end, header.dataStart + tensor.offset + (tensor.bytes ?? 0)),
    header.dataStart,
  );
}

function checkKind(header: GgufHeader): void {
  const text = (key: string) => header.metadata.get(key)?.value;
  const architecture = text('general.architecture');
  if (typeof architecture !== 'string' || architecture === '' || header.tensors.length === 0) {
    throw modelError(
      `${header.path} is a GGUF file, but holds no model (no architecture or no tensors).`,
      'A vocabulary-only file cannot be run; give the file with the weights.',
    );
  }
  const kind = text('general.type');
  if (kind === 'adapter') {
    throw modelError(`${header.path} is a LoRA adapter, not a whole model.`, 'Give the model that it was made for.');
  }
  if (kind === 'mmproj' || architecture === 'clip') {
    throw modelError(`${header.path} is a projector for images, not a language model.`, 'Give the model beside it.');
  }
  const pieces = number(header, 'split.count') ?? 1;
  if (pieces > 1) {
    throw modelError(
      `${header.path} is one of ${pieces} pieces of a split model.`,
      'Merge the pieces with `llama-gguf-split --merge`, and give the path of the result.',
    );
  }
  // What llama.cpp loads and then ends the process over, at the first text.
  const tokenizer = text('tokenizer.ggml.model');
  if (tokenizer === 'none' || tokenizer === 'no_vocab') {
    throw modelError(`${header.path} has no vocabulary (tokenizer.ggml.model = ${tokenizer}).`, downloadAgain);
  }
}
