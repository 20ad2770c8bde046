import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { measureModel } from '../../src/engines/llama/model-speed.js';
import { modelFile, smollm } from '../helpers/models.js';
import { tinyBert } from '../helpers/tiny-bert.js';

const options = {
  now: () => performance.now(),
  resident: () => process.memoryUsage.rss(),
  signal: new AbortController().signal,
};

describe('the measured speed of a model', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-speed-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is of an embedding model what it reads', async () => {
    const file = path.join(folder, 'bert.gguf');
    writeFileSync(file, tinyBert(['the', 'parcel', 'came', 'a', 'day', 'early']));
    const speed = await measureModel({ path: file, name: 'bert', sha256: null }, { ...options, embeds: true });
    assert.ok(speed.readPerSecond > 0);
    assert.equal(speed.generatedPerSecond, null);
  });

  it('is of a language model what it reads and generates, with the memory that it takes', async () => {
    const file = await modelFile(smollm);
    const speed = await measureModel({ path: file, name: smollm, sha256: null }, { ...options, embeds: false });
    // Tokens are read together and generated one by one.
    assert.ok(speed.readPerSecond > (speed.generatedPerSecond ?? Number.POSITIVE_INFINITY), JSON.stringify(speed));
    // The file alone has 98 MB.
    assert.ok(speed.memory > 50e6 && speed.memory < 2e9, `${speed.memory}`);
  });
});
