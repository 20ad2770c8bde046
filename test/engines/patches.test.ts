import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { importInternal, internals } from '../../src/engines/llama/patches/internals.js';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'src/engines/llama/patches');
const table = readFileSync(path.join(folder, 'README.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'));

type Members = Record<string, Record<string, unknown> & { readonly prototype: Record<string, unknown> }>;

describe('the table of what we change of the engine library', () => {
  it('has a row for every file of the folder', () => {
    assert.deepEqual(
      table.map((line) => /`([\w-]+\.ts)`/u.exec(line)?.[1]).sort(),
      readdirSync(folder)
        .filter((name) => name.endsWith('.ts'))
        .sort(),
    );
  });

  it('names tests that are there, by their titles', () => {
    for (const [, file, title] of table.join('\n').matchAll(/(test\/[\w/-]+\.test\.ts)(?:, "([^"]+)")?/gu)) {
      assert.ok(existsSync(path.join(root, file as string)), file);
      if (title !== undefined) assert.ok(readFileSync(path.join(root, file as string), 'utf8').includes(title), title);
    }
  });
});

describe('the internals of the engine library', () => {
  it('are where they are looked for', async () => {
    for (const name of internals) assert.ok(Object.keys(await importInternal<object>(name)).length > 0, name);
  });

  it('have the functions that are replaced or called', async () => {
    const { Llama } = await importInternal<Members>('bindings/Llama.js');
    assert.equal(typeof Llama?._create, 'function');
    const { GgufInsights } = await importInternal<Members>('gguf/insights/GgufInsights.js');
    assert.equal(typeof GgufInsights?.prototype._simulateModelResourceUsage, 'function');
    assert.equal(typeof GgufInsights?.prototype._simulateContextResourceUsage, 'function');
    const { LlamaEmbeddingContext } = await importInternal<Members>('evaluator/LlamaEmbeddingContext.js');
    assert.equal(typeof LlamaEmbeddingContext?.prototype.getEmbeddingFor, 'function');
    const { GgufV2Parser } = await importInternal<Members>('gguf/parser/GgufV2Parser.js');
    assert.equal(typeof GgufV2Parser?.prototype.parse, 'function');
  });
});
