import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { modelFile, smollm } from '../helpers/models.js';
import { collect, exitOf, jsonl, linesOf, startSlm, tempFolder } from '../helpers/slm.js';

/** Two seconds is the promise; machines that test are often busy, and the process must get its turn. */
const mostMs = 4000;

/** Moments after the start, so that some fall into the loading, some into the work. */
const moments = [150, 400, 900, 2500];

const labelled = Array.from({ length: 60 }, (_, i) => ({
  text: `${'The soup was cold and the waiter looked away. '.repeat(30)} Table ${i}.`,
  label: i % 2 === 0 ? 'positive' : 'negative',
}));

before(() => modelFile(smollm));

describe('a signal ends within two seconds', () => {
  for (const [what, args] of [
    [
      'the calibration of a task',
      (folder: string) => ['run', 'qa', '-t', 'Who?', '--context', path.join(folder, 'a.txt')],
    ],
    [
      'a run on long texts',
      (folder: string) => ['run', 'sentiment', '--untuned', '-l', path.join(folder, 'a.txt'), '--json'],
    ],
    ['an evaluation', (folder: string) => ['eval', 'sentiment', '--untuned', '-d', path.join(folder, 'a.jsonl')]],
    ['tuning', (folder: string) => ['tune', 'sentiment', '-d', path.join(folder, 'a.jsonl'), '--into', folder]],
    ['making a derived file', () => ['models', 'derive', smollm, '--layers', '12', '--vocabulary', 'latin']],
    ['hashing', () => ['models', 'verify', smollm]],
    ['a warm host in the foreground', () => ['warm', 'sentiment', '--foreground']],
  ] as const) {
    test(what, async (t) => {
      const folder = tempFolder(t);
      writeFileSync(path.join(folder, 'a.txt'), `${'The soup was cold. '.repeat(900)}\n`.repeat(20));
      writeFileSync(path.join(folder, 'a.jsonl'), jsonl(labelled));
      mkdirSync(path.join(folder, 'run'), { mode: 0o700 });
      for (const [i, moment] of moments.entries()) {
        const cache = path.join(folder, `cache${i}`);
        const child = startSlm([...args(folder), ...(args(folder)[0] === 'models' ? [] : ['-m', smollm])], {
          env: { XDG_CACHE_HOME: cache, XDG_RUNTIME_DIR: path.join(folder, 'run'), SLM_OFFLINE: '1' },
        });
        const stdout = collect(child.stdout);
        const stderr = collect(child.stderr);
        const ended = exitOf(child);
        let over = false;
        void ended.then(() => {
          over = true;
        });
        await wait(moment);
        if (over) break;
        const start = performance.now();
        child.kill(i % 2 === 0 ? 'SIGTERM' : 'SIGINT');
        const code = await ended;
        const ms = performance.now() - start;
        assert.ok(ms < mostMs, `${moment} ms after the start it took ${ms.toFixed(0)} ms\n${stderr()}`);
        assert.ok([0, i % 2 === 0 ? 143 : 130].includes(code), `${code} ${stderr()}`);
        linesOf(stdout());
      }
    });
  }
});
