import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { forgetMachine, keepMachine, machinesFile, measuredShape } from '../../src/app/opening/machines.js';
import type { Surroundings } from '../../src/app/surroundings.js';
import { surroundingsWith } from '../helpers/surroundings.js';

const found = {
  many: { slots: 1, threadsPerSlot: 2 },
  one: { slots: 1, threadsPerSlot: 1 },
  measuredAt: '2026-01-02T03:04:05.000Z',
};
const model = { name: 'one', path: '/nowhere/one.gguf', sha256: 'aa' };
const other = { name: 'two', path: '/nowhere/two.gguf', sha256: 'bb' };

function contextIn(t: TestContext): Surroundings {
  const folder = mkdtempSync(path.join(tmpdir(), 'slm-machines-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return surroundingsWith({ env: { XDG_CONFIG_HOME: folder } });
}

describe('what was measured on a machine', () => {
  it('is found again for the same model, wherever its file is, and for no other', async (t) => {
    const context = contextIn(t);
    assert.equal(await measuredShape(context, model, 'many'), undefined);
    await keepMachine(context, model, found);
    const moved = { ...model, path: '/elsewhere/one.gguf' };
    assert.deepEqual(await measuredShape(context, moved, 'many'), found.many);
    assert.deepEqual(await measuredShape(context, moved, 'one'), found.one);
    assert.equal(await measuredShape(context, other, 'many'), undefined);
  });

  it('takes the place of what was measured before, and goes without the others', async (t) => {
    const context = contextIn(t);
    await keepMachine(context, model, found);
    await keepMachine(context, other, found);
    await keepMachine(context, model, { ...found, many: { slots: 3, threadsPerSlot: 1 } });
    assert.equal((await measuredShape(context, model, 'many'))?.slots, 3);
    assert.equal(await forgetMachine(context, model), true);
    assert.equal(await forgetMachine(context, model), false);
    assert.equal(await measuredShape(context, model, 'many'), undefined);
    assert.deepEqual(await measuredShape(context, other, 'many'), found.many);
  });

  it('is not used where processor, threads, engine or model were others', async (t) => {
    const context = contextIn(t);
    await keepMachine(context, model, found);
    const file = machinesFile(context);
    const stored = JSON.parse(readFileSync(file, 'utf8')) as { entries: { key: string }[] };
    for (const entry of stored.entries) entry.key = entry.key.replace(/^./u, (digit) => (digit === '0' ? '1' : '0'));
    writeFileSync(file, JSON.stringify(stored));
    assert.equal(await measuredShape(context, model, 'many'), undefined);
  });

  it('is nothing where the file is damaged', async (t) => {
    const context = contextIn(t);
    await keepMachine(context, model, found);
    const file = machinesFile(context);
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -20));
    assert.equal(await measuredShape(context, model, 'many'), undefined);
  });
});
