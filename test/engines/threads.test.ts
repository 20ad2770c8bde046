import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { noticeThreads, threadsOf } from '../../src/app/opening/threads.js';
import { cpuBudget } from '../../src/engines/cpu-budget.js';

const v2 = '/sys/fs/cgroup/cpu.max';
const v1Quota = '/sys/fs/cgroup/cpu/cpu.cfs_quota_us';
const v1Period = '/sys/fs/cgroup/cpu/cpu.cfs_period_us';
const cores = availableParallelism();

function budget(files: Readonly<Record<string, string>>): number {
  return cpuBudget((path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  });
}

it('without a cgroup all cores of the affinity mask count', () => {
  assert.equal(budget({}), cores);
});

it('a quota of cgroup v2 counts, rounded down, at least 1', () => {
  assert.equal(budget({ [v2]: '100000 100000\n' }), 1);
  assert.equal(budget({ [v2]: '199999 100000\n' }), 1);
  assert.equal(budget({ [v2]: '20000 100000\n' }), 1);
  assert.equal(budget({ [v2]: '250000 100000\n' }), Math.min(cores, 2));
});

it('"max" is no quota', () => {
  assert.equal(budget({ [v2]: 'max 100000\n' }), cores);
});

it('a quota of cgroup v1 counts, and −1 is none', () => {
  assert.equal(budget({ [v1Quota]: '100000\n', [v1Period]: '100000\n' }), 1);
  assert.equal(budget({ [v1Quota]: '150000\n', [v1Period]: '50000\n' }), Math.min(cores, 3));
  assert.equal(budget({ [v1Quota]: '-1\n', [v1Period]: '100000\n' }), cores);
  assert.equal(budget({ [v1Quota]: '100000\n' }), cores);
});

it('a quota beyond the cores gives no more than there are', () => {
  assert.equal(budget({ [v2]: '99900000 100000\n' }), cores);
});

it('files that say something else are left alone', () => {
  for (const text of ['', '\n', 'max\n', 'abc def\n', '0 100000\n', '100000 0\n', '100000\n']) {
    assert.equal(budget({ [v2]: text }), cores, JSON.stringify(text));
  }
});

describe('threads that are asked for', () => {
  it('are capped at the processors that there are', () => {
    assert.equal(threadsOf({ threads: 999 }, {}, 2), 2);
    assert.equal(threadsOf({}, { threads: 64 }, 4), 4);
    assert.equal(threadsOf({ threads: 1 }, { threads: 64 }, 4), 1);
    assert.equal(threadsOf({}, {}, 4), undefined);
  });

  it('are told of where they are too many', () => {
    const told: string[] = [];
    const notice = (text: string) => void told.push(text);
    noticeThreads({ notice }, { threads: 2 }, {}, 2);
    assert.deepEqual(told, []);
    noticeThreads({ notice }, { threads: 4 }, {}, 2);
    assert.deepEqual(told, [
      '4 threads were requested, but this process may use 2 processors; more threads would be slower, so slm uses 2',
    ]);
  });
});
