import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SlmError } from '../../src/errors.js';
import type { Candidate, Fitted, Trial, Trialled } from '../../src/methods/candidates/types.js';
import type { TrialJournal } from '../../src/tune/measure.js';
import { type SearchOptions, search } from '../../src/tune/search.js';
import type { TrialEvent } from '../../src/tune/trial-event.js';
import { tune } from '../../src/tune/tune.js';
import type { ClassifyOutput, Example, TaskProfile } from '../../src/types.js';
import { fakeEngine } from '../helpers/fake-engine.js';
import { exampleWith, labelled, profileWith } from '../helpers/profiles.js';
import { sessionWith } from '../helpers/tune-session.js';

const profile = profileWith();

/** Half of them positive. Each text has its number, by which scripted candidates know what they get right. */
function texts(count: number): Example[] {
  return Array.from({ length: count }, (_, i) => labelled(`text ${i}`, i % 2 === 0 ? 'positive' : 'negative'));
}

const goldOf = ({ gold }: Example) => (gold.type === 'classify' ? (gold.labels[0] as string) : '');
const numberOf = ({ record }: Example) => Number(record.text.slice(5));

function outputFor(label: string, score = 0.9): ClassifyOutput {
  const other = label === 'positive' ? 'negative' : 'positive';
  return { type: 'classify', labels: [label], abstained: false, score, scores: { [label]: score, [other]: 1 - score } };
}

interface Scripted extends Candidate {
  /** How many examples each call had. */
  readonly calls: number[];
}

/** A candidate that gets right what `right` says. */
function candidate(
  key: string,
  complexity: number,
  right: (n: number) => boolean,
  more: Partial<Candidate> = {},
): Scripted {
  const calls: number[] = [];
  return {
    key,
    title: key,
    method: 'head',
    turn: 0,
    words: false,
    layers: 1,
    complexity,
    calls,
    async heldOut(examples) {
      calls.push(examples.length);
      const wrong = (label: string) => (label === 'positive' ? 'negative' : 'positive');
      const outputs = examples.map((example) => {
        const gold = goldOf(example);
        return outputFor(right(numberOf(example)) ? gold : wrong(gold));
      });
      return { outputs, tokensPerRecord: 1 };
    },
    finish: async () => ({ options: {}, learned: {} }),
    ...more,
  };
}

const always = () => true;
/** Wrong on every nth text. */
const wrongOnEvery = (n: number) => (i: number) => i % n !== 0;

/** A clock, and candidates that take a millisecond of it for each example. */
function timed() {
  const clock = { ms: 0 };
  const slow = (made: Candidate): Candidate => ({
    ...made,
    heldOut: async (part, folds) => {
      clock.ms += part.length;
      return made.heldOut(part, folds);
    },
  });
  /** The same for what was not read before. */
  const remembering = (made: Scripted): Candidate => ({
    ...made,
    heldOut: async (part, folds) => {
      clock.ms += part.length - (made.calls.at(-1) ?? 0);
      return made.heldOut(part, folds);
    },
  });
  return { clock, slow, remembering };
}

function memoryJournal(): TrialJournal & { readonly kept: Map<string, Trialled> } {
  const kept = new Map<string, Trialled>();
  return {
    kept,
    get: async (key) => kept.get(key) ?? null,
    set: async (key, value) => void kept.set(key, value),
  };
}

function optionsWith(changes: Partial<SearchOptions> = {}): SearchOptions {
  return {
    seed: 1,
    budgetMs: 1000,
    now: () => 0,
    signal: new AbortController().signal,
    onTrial: () => undefined,
    journal: memoryJournal(),
    ...changes,
  };
}

const searchAmong = (task: TaskProfile, candidates: readonly Candidate[], ...rest: Tail<Parameters<typeof search>>) =>
  search(task, { candidates }, ...rest);
type Tail<T extends unknown[]> = T extends [unknown, unknown, ...infer R] ? R : never;

describe('a search', () => {
  it('tries all on few examples, drops the worse half, and measures what is left on all', async () => {
    const good = candidate('good', 1, wrongOnEvery(20));
    const fair = candidate('fair', 1, wrongOnEvery(5));
    const poor = candidate('poor', 1, wrongOnEvery(2));
    const bad = candidate('bad', 1, () => false);
    const { trials, chosen, stopped } = await searchAmong(profile, [bad, good, poor, fair], texts(1000), optionsWith());
    assert.equal(stopped, 'done');
    assert.equal(chosen, good);
    assert.deepEqual([bad.calls.length, poor.calls.length], [1, 1]);
    assert.equal(good.calls.at(-1), 1000);
    assert.equal(fair.calls.at(-1), 1000);
    assert.deepEqual(
      good.calls,
      good.calls.toSorted((a, b) => a - b),
    );
    // The last measurement of each, those on most examples first.
    assert.deepEqual(
      trials.map(({ key, n }) => [key, n === 1000]),
      [
        ['good', true],
        ['fair', true],
        ['poor', false],
        ['bad', false],
      ],
    );
    assert.ok(Math.abs((trials[0]?.score ?? 0) - 0.95) < 1e-12);
  });

  it('compares classifiers by their probabilities, so that one that is too sure of itself is not taken', async () => {
    // As often right, with fewer means.
    const other = (label: string) => (label === 'positive' ? 'negative' : 'positive');
    const said = (example: Example) =>
      outputFor(wrongOnEvery(5)(numberOf(example)) ? goldOf(example) : other(goldOf(example)), 0.999);
    const sure = candidate('sure', 1, always, {
      heldOut: async (examples) => ({ outputs: examples.map(said), tokensPerRecord: 1 }),
    });
    const modest = candidate('modest', 2, wrongOnEvery(5));
    const { chosen, objective } = await searchAmong(profile, [sure, modest], texts(100), optionsWith());
    assert.equal(objective.name, 'brier');
    assert.equal(chosen, modest);
  });

  it('begins with fewer examples where the task as it is tells that more would take too long', async () => {
    const { clock, remembering } = timed();
    const [own, other] = [candidate('own', 1, wrongOnEvery(9)), candidate('other', 2, wrongOnEvery(9))];
    const asItIs = { method: 'head', msPerExample: 1 };
    const inTime = { budgetMs: 300, now: () => clock.ms, asItIs };
    const { chosen, trials, stopped } = await searchAmong(
      profile,
      [remembering(own), remembering(other)],
      texts(1000),
      optionsWith(inTime),
    );
    // 200 would take the first one more than half of the budget, 100 do not; the rest is for both.
    assert.deepEqual(
      [own.calls, other.calls],
      [
        [100, 150],
        [100, 150],
      ],
    );
    assert.equal(chosen.key, 'own');
    assert.deepEqual([trials[0]?.n, stopped], [150, 'budget']);
    assert.ok(clock.ms <= 300, `${clock.ms}`);
  });

  it('counts what several candidates read once where it spends the rest', async () => {
    const clock = { ms: 0 };
    let read = 0;
    const sharing = (made: Scripted): Candidate => ({
      ...made,
      reading: 'the same',
      heldOut: async (part, folds) => {
        clock.ms += Math.max(0, part.length - read);
        read = Math.max(read, part.length);
        return made.heldOut(part, folds);
      },
    });
    const [own, other] = [candidate('own', 1, wrongOnEvery(9)), candidate('other', 2, wrongOnEvery(9))];
    const inTime = { budgetMs: 300, now: () => clock.ms, asItIs: { method: 'head', msPerExample: 1 } };
    await searchAmong(profile, [sharing(own), sharing(other)], texts(1000), optionsWith(inTime));
    assert.deepEqual(
      [own.calls, other.calls],
      [
        [100, 300],
        [100, 300],
      ],
    );
  });

  it('spends the rest again where the first estimate of it was too high', async () => {
    const clock = { ms: 0 };
    let read = 0;
    const only = candidate('only', 1, wrongOnEvery(9));
    // What comes once, such as loading a file, looks like a part of the time of each example.
    const starting = (made: Scripted): Candidate => ({
      ...made,
      heldOut: async (part, folds) => {
        clock.ms += (read === 0 ? 500 : 0) + part.length - read;
        read = part.length;
        return made.heldOut(part, folds);
      },
    });
    const inTime = { budgetMs: 1050, now: () => clock.ms };
    await searchAmong(profile, [starting(only)], texts(1000), optionsWith(inTime));
    assert.deepEqual(only.calls, [200, 300, 550]);
  });

  it('goes on where an earlier run was broken off, though the time of an example is another now', async () => {
    const { clock, remembering } = timed();
    const journal = memoryJournal();
    const run = async (budgetMs: number, msPerExample: number) => {
      clock.ms = 0;
      const [own, other] = [candidate('own', 2, wrongOnEvery(9)), candidate('other', 1, wrongOnEvery(50))];
      const inTime = { budgetMs, now: () => clock.ms, asItIs: { method: 'head', msPerExample }, journal };
      const list = [remembering(own), remembering(other)];
      const { chosen, trials } = await searchAmong(profile, list, texts(1000), optionsWith(inTime));
      return { chosen: chosen.key, n: trials[0]?.n, calls: [own.calls, other.calls] };
    };
    const first = await run(200, 1);
    assert.deepEqual(first, { chosen: 'other', n: 100, calls: [[100], [100]] });
    // Somewhat slower or faster: it goes on with more examples, all of which it has to read again.
    for (const each of [0.9, 1.1]) {
      const { n, calls } = await run(320, each);
      assert.ok((n ?? 0) > 100 && !calls.flat().includes(100), `${n}: ${calls}`);
      assert.ok(clock.ms <= 320, `${clock.ms}`);
    }
    // Hardly any budget, or none at all: the best so far.
    for (const budget of [1, -50]) {
      const { n, chosen, calls } = await run(budget, 1);
      assert.deepEqual([chosen, calls], ['other', [[], []]]);
      assert.ok((n ?? 0) >= 100, `${n}`);
    }
  });

  it('measures the first candidate on some examples however small the budget is', async () => {
    const { clock, slow } = timed();
    const only = candidate('only', 1, wrongOnEvery(9));
    const inTime = { budgetMs: 5, now: () => clock.ms, asItIs: { method: 'head', msPerExample: 1 } };
    const { trials } = await searchAmong(profile, [slow(only)], texts(1000), optionsWith(inTime));
    assert.deepEqual([only.calls, trials[0]?.n], [[30], 30]);
  });

  it('asks once for more candidates, made of the best of the first, and measures none on what may stand in them', async () => {
    const examples = texts(700);
    const reserved = new Set(examples.slice(0, 30));
    const poor = candidate('poor', 1, wrongOnEvery(2));
    const good = candidate('good', 1, wrongOnEvery(5));
    const better = candidate('better', 3, always);
    const asked: string[][] = [];
    const next = (trials: ReadonlyMap<Candidate, Trial>) => {
      asked.push([...trials].sort(([, a], [, b]) => b.objectiveValue - a.objectiveValue).map(([{ key }]) => key));
      return [better];
    };
    const { chosen, trials } = await search(
      profile,
      { candidates: [poor, good], reserved: reserved, next },
      examples,
      optionsWith(),
    );
    assert.deepEqual(asked, [['good', 'poor']]);
    assert.equal(chosen, better);
    assert.equal(trials[0]?.n, 670);
  });

  it('takes the best whatever it costs, where that is asked for', async () => {
    const plain = candidate('plain', 1, wrongOnEvery(20));
    const dear = candidate('dear', 9, wrongOnEvery(25));
    const taken = async (changes: Partial<SearchOptions>) =>
      (await searchAmong(profile, [plain, dear], texts(100), optionsWith(changes))).chosen;
    assert.equal(await taken({}), plain);
    assert.equal(await taken({ take: 'best' }), dear);
  });

  it('asks no candidate about examples that stand in the prompt of one, but lets all learn from them', async () => {
    const examples = texts(60);
    const inPrompt = new Set(examples.slice(0, 10));
    const shown = candidate('shown', 2, (i) => i >= 10, { inPrompt });
    const plain = candidate('plain', 1, wrongOnEvery(3));
    const { trials, reserved } = await searchAmong(profile, [shown, plain], examples, optionsWith());
    assert.deepEqual([shown.calls, plain.calls], [[60], [60]]);
    assert.deepEqual(reserved, inPrompt);
    for (const trial of trials) {
      assert.equal(trial.n, 50);
      assert.equal(trial.outputs.length, 50);
      assert.ok(trial.examples.every((example) => !inPrompt.has(example)));
    }
    // It says nothing right about the examples in its own prompt, and is not blamed for it.
    assert.equal(trials.find(({ key }) => key === 'shown')?.score, 1);
    // Of the numbers 10 to 59, 12, 15 … 57 are multiples of three: 16.
    assert.equal(trials.find(({ key }) => key === 'plain')?.score, 34 / 50);
  });

  it('measures few examples at once, in one round', async () => {
    const [a, b] = [candidate('a', 1, always), candidate('b', 2, wrongOnEvery(3))];
    await searchAmong(profile, [a, b], texts(40), optionsWith());
    assert.deepEqual([a.calls, b.calls], [[40], [40]]);
  });

  it('takes the simplest of those that are not clearly worse', async () => {
    // One more mistake in 100 is less than one standard error of the difference.
    const simple = candidate('simple', 1, wrongOnEvery(10));
    const deep = candidate('deep', 3, (i) => i === 0 || wrongOnEvery(10)(i));
    const { chosen, best } = await searchAmong(profile, [deep, simple], texts(100), optionsWith());
    assert.equal(best.key, 'deep');
    assert.equal(chosen, simple);
  });

  it('of those that are as simple takes the cheapest, or the better one of two that cost nearly the same', async () => {
    const better = (i: number) => i === 0 || wrongOnEvery(10)(i);
    const taken = async (...list: Candidate[]) =>
      (await searchAmong(profile, list, texts(100), optionsWith())).chosen.key;
    const cheap = candidate('cheap', 1, wrongOnEvery(10), { layers: 10 });
    assert.equal(await taken(candidate('deep', 1, better, { layers: 14 }), cheap), 'cheap');
    assert.equal(await taken(candidate('deep', 1, better, { layers: 12 }), cheap), 'deep');
    // A long beginning of the prompt costs, too: every token looks back at it.
    assert.equal(await taken(candidate('long', 1, better, { layers: 10, prefixTokens: 600 }), cheap), 'cheap');
    assert.equal(await taken(candidate('long', 1, better, { layers: 10, prefixTokens: 300 }), cheap), 'long');
  });

  it('takes the better one where the difference is clear, however simple the other is', async () => {
    const simple = candidate('simple', 1, wrongOnEvery(2));
    const deep = candidate('deep', 3, always);
    assert.equal((await searchAmong(profile, [simple, deep], texts(100), optionsWith())).chosen, deep);
  });

  it('measures a baseline to the end and never takes it', async () => {
    const baseline = candidate('words', 0, always, { finish: null });
    const others = ['a', 'b', 'c'].map((key, i) => candidate(key, 1, wrongOnEvery(2 + i)));
    const { chosen, trials } = await searchAmong(profile, [baseline, ...others], texts(700), optionsWith());
    assert.notEqual(chosen, baseline);
    assert.equal(baseline.calls.at(-1), 700);
    assert.equal(trials[0]?.key, 'words');
  });

  it('ends when the budget is spent, with what it has, and says what it left out', async () => {
    let clock = 0;
    const slow = (key: string) => {
      const made = candidate(key, 1, always);
      const { heldOut } = made;
      return {
        ...made,
        heldOut: async (...given: Parameters<typeof heldOut>) => {
          clock += 300;
          return heldOut(...given);
        },
      };
    };
    const events: TrialEvent[] = [];
    const list = ['a', 'b', 'c', 'd', 'e'].map(slow);
    const { chosen, stopped } = await searchAmong(
      profile,
      list,
      texts(40),
      optionsWith({ now: () => clock, budgetMs: 1000, onTrial: (event) => events.push(event) }),
    );
    assert.equal(stopped, 'budget');
    assert.ok(clock <= 1000, `${clock} ms`);
    assert.equal(chosen.key, 'a');
    const skipped = events.filter(({ kind }) => kind === 'skip');
    assert.ok(skipped.length > 0);
    assert.deepEqual(
      skipped.map((event) => (event.kind === 'skip' ? event.reason : '')),
      skipped.map(() => 'budget'),
    );
  });

  it('still takes what finds its examples read by another, when what has to read them is too dear', async () => {
    let clock = 0;
    const dear = (key: string, reading: string, ms: number) => {
      const made = candidate(key, 1, always, { reading });
      return {
        ...made,
        heldOut: async (...given: Parameters<Candidate['heldOut']>) => {
          clock += ms;
          return made.heldOut(...given);
        },
      };
    };
    // 800 ms may be spent: after 700, another reading of 600 cannot be, and 100 on the same one can.
    const { trials, stopped } = await searchAmong(
      profile,
      [dear('a', 'one', 600), dear('a fitted', 'one', 100), dear('b', 'two', 600), dear('a again', 'one', 100)],
      texts(60),
      optionsWith({ now: () => clock, budgetMs: 1000 }),
    );
    assert.deepEqual(trials.map(({ key }) => key).sort(), ['a', 'a again', 'a fitted']);
    assert.equal(stopped, 'budget');
  });

  it('keeps to the budget where trials come from an earlier run, whose time is known', async () => {
    const journal = memoryJournal();
    const run = async (budgetMs: number) => {
      const { clock, slow } = timed();
      const own = [candidate('a', 1, wrongOnEvery(9)), candidate('b', 1, wrongOnEvery(8))];
      const { skipped } = await searchAmong(
        profile,
        own.map(slow),
        texts(600),
        optionsWith({ now: () => clock.ms, budgetMs, journal }),
      );
      return { spent: clock.ms, skipped, calls: own.flatMap(({ calls }) => calls) };
    };
    assert.deepEqual((await run(450)).calls, [200, 200]);
    // The trials of 200 are there at once, and say that 600 take longer than this.
    for (const budget of [100, 250, 599]) {
      const { spent, skipped } = await run(budget);
      assert.ok(spent <= budget, `${spent} of ${budget}`);
      assert.ok(skipped.every(({ seconds }) => seconds > 0));
    }
    const { spent, calls } = await run(1300);
    assert.deepEqual([spent, calls], [1200, [600, 600]]);
  });

  it('does not begin a round of more examples that its first trial would outlast', async () => {
    const { clock, slow } = timed();
    const list = [candidate('a', 1, always), candidate('b', 1, always)].map(slow);
    // 400 are over after the first round of 200 examples each, and the next one has 400 more for each: 1,000 with one trial.
    const run = (budgetMs: number) =>
      searchAmong(profile, list, texts(600), optionsWith({ now: () => clock.ms, budgetMs }));
    const { rounds, stopped, skipped } = await run(590);
    assert.deepEqual([rounds.map(({ n }) => n), stopped], [[200, 200], 'budget']);
    assert.deepEqual(skipped, [
      { title: 'a', n: 600, seconds: 0.4, reading: null },
      { title: 'b', n: 600, seconds: 0.4, reading: null },
    ]);
    clock.ms = 0;
    assert.deepEqual(
      (await run(1010)).rounds.map(({ n }) => n),
      [200, 200, 600],
    );
  });

  it('measures the best two on as many examples as there is time for, where the next round is too long', async () => {
    const { clock, remembering } = timed();
    const list = [candidate('a', 1, always), candidate('b', 2, always), candidate('c', 3, () => false)].map(
      remembering,
    );
    // 600 are over after the first round; 390 are left for two.
    const options = optionsWith({ now: () => clock.ms, budgetMs: 990 });
    const { rounds, trials, stopped, skipped } = await searchAmong(profile, list, texts(1800), options);
    assert.deepEqual(
      rounds.map(({ key, n }) => [key, n]),
      [
        ['a', 200],
        ['b', 200],
        ['c', 200],
        ['a', 395],
        ['b', 395],
      ],
    );
    assert.deepEqual([trials[0]?.key, trials[0]?.n], ['a', 395]);
    assert.deepEqual(
      [stopped, skipped.map(({ title, n }) => [title, n])],
      [
        'budget',
        [
          ['a', 600],
          ['b', 600],
        ],
      ],
    );
  });

  it('goes on with what is cheap where something dear has to be left out, and names that', async () => {
    const { clock, slow } = timed();
    const dear = slow({ ...candidate('dear', 1, wrongOnEvery(5)), method: 'label-likelihood', tokens: 10 });
    // Ten times as slow for each token, too.
    const slower: Candidate = {
      ...dear,
      heldOut: async (part, folds) => {
        clock.ms += part.length * 99;
        return dear.heldOut(part, folds);
      },
    };
    const cheap = ['a', 'b'].map((key) => slow(candidate(key, 1, wrongOnEvery(20))));
    const { rounds, stopped, skipped } = await searchAmong(
      profile,
      [slower, ...cheap],
      texts(600),
      optionsWith({ now: () => clock.ms, budgetMs: 25_000 }),
    );
    // What is left after the dear one suffices for the others on all examples, but by its speed not for one of them.
    assert.deepEqual(
      rounds.map(({ key, n }) => [key, n]),
      [
        ['dear', 200],
        ['a', 200],
        ['b', 200],
        ['a', 600],
        ['b', 600],
      ],
    );
    assert.equal(stopped, 'done');
    assert.deepEqual(skipped, []);
    clock.ms = 0;
    const list = [slow(candidate('c', 1, wrongOnEvery(20))), slower];
    const short = await searchAmong(profile, list, texts(600), optionsWith({ now: () => clock.ms, budgetMs: 1500 }));
    assert.deepEqual(
      [short.rounds.map(({ key, n }) => [key, n]), short.stopped],
      [
        [
          ['c', 200],
          ['c', 600],
        ],
        'budget',
      ],
    );
    assert.deepEqual(
      short.skipped.map(({ title }) => title),
      ['dear'],
    );
  });

  it('begins a round with the best of the one before, so that an early end leaves that', async () => {
    const { clock, slow } = timed();
    const list = [candidate('fair', 1, wrongOnEvery(5)), candidate('good', 1, wrongOnEvery(20))].map(slow);
    // 400 after the first round, 800 to expect after one trial of the next: no time for a second one.
    const { rounds, chosen, stopped } = await searchAmong(
      profile,
      list,
      texts(600),
      optionsWith({ now: () => clock.ms, budgetMs: 1010 }),
    );
    assert.deepEqual(
      rounds.map(({ key, n }) => [key, n]),
      [
        ['fair', 200],
        ['good', 200],
        ['good', 600],
      ],
    );
    assert.deepEqual([chosen.key, stopped], ['good', 'budget']);
  });

  describe('with cheap candidates', () => {
    const cheap = (key: string, right: (n: number) => boolean) => candidate(key, 1, right, { cheap: true, layers: 0 });
    const titles = (rounds: readonly Trial[]) => rounds.map(({ key, n }) => [key, n]);

    it('measures them on all examples before others begin, though they are named last', async () => {
      const { rounds, chosen, settled } = await searchAmong(
        profile,
        [candidate('dear', 1, wrongOnEvery(20)), cheap('cheap', wrongOnEvery(5))],
        texts(600),
        optionsWith(),
      );
      assert.deepEqual(titles(rounds), [
        ['cheap', 600],
        ['cheap', 200],
        ['dear', 200],
        ['dear', 600],
      ]);
      assert.deepEqual([chosen.key, settled], ['dear', null]);
    });

    it('has them measured when the budget is over, however dear the others are', async () => {
      const { clock, slow } = timed();
      const list = [slow(candidate('dear', 1, wrongOnEvery(20))), slow(cheap('cheap', wrongOnEvery(20)))];
      const options = optionsWith({ now: () => clock.ms, budgetMs: 599 });
      const { rounds, chosen, skipped } = await searchAmong(profile, list, texts(600), options);
      assert.deepEqual(titles(rounds), [['cheap', 600]]);
      assert.equal(chosen.key, 'cheap');
      assert.deepEqual(
        skipped.map(({ title, n }) => [title, n]),
        [['dear', 200]],
      );
    });

    it('gives the others up where those of the own prompt are far behind, and those made of them are not asked for', async () => {
      const later = candidate('later', 1, always, { turn: 1 });
      const baseline = candidate('words', 0, wrongOnEvery(2), { finish: null, turn: -1 });
      const { rounds, chosen, settled, stopped } = await search(
        profile,
        {
          candidates: [cheap('cheap', wrongOnEvery(20)), baseline, candidate('dear', 1, wrongOnEvery(3)), later],
          next: () => assert.fail('asked for more'),
        },
        texts(600),
        optionsWith(),
      );
      // The baseline is measured on as many examples as what is taken.
      assert.deepEqual(titles(rounds).slice(2), [
        ['words', 200],
        ['dear', 200],
        ['words', 600],
      ]);
      assert.deepEqual([chosen.key, stopped, settled], ['cheap', 'done', { title: 'cheap', n: 200 }]);
    });

    it('goes on where a larger sample may tell, and where the best is wanted whatever it costs', async () => {
      // As good on the first 200 examples; 5,000 would tell.
      const list = () => [cheap('cheap', wrongOnEvery(10)), candidate('dear', 1, (i) => i % 10 !== 1)];
      const open = await searchAmong(profile, list(), texts(1500), optionsWith());
      assert.ok(open.rounds.some(({ key, n }) => key === 'dear' && n > 200));
      const worse = () => [cheap('cheap', wrongOnEvery(20)), candidate('dear', 1, wrongOnEvery(3))];
      const best = await searchAmong(profile, worse(), texts(600), optionsWith({ take: 'best' }));
      assert.ok(best.rounds.some(({ key, n }) => key === 'dear' && n === 600));
      assert.equal(best.chosen.key, 'cheap');
    });

    it('takes a clearly better one that there was no time to measure on all examples', async () => {
      const { clock, slow } = timed();
      const dear = slow(candidate('dear', 1, wrongOnEvery(50)));
      const list = [cheap('cheap', wrongOnEvery(3)), dear];
      const options = optionsWith({ now: () => clock.ms, budgetMs: 300 });
      const { trials, chosen, skipped } = await searchAmong(profile, list, texts(600), options);
      assert.deepEqual([chosen.key, skipped.map(({ title, n }) => [title, n])], ['dear', [['dear', 600]]]);
      // The figures of the table are of the same examples.
      assert.deepEqual(titles(trials), [
        ['dear', 300],
        ['cheap', 300],
      ]);
    });
  });

  it('goes back to what it left out where that takes less time than it seemed', async () => {
    const clock = { ms: 0, prepared: 0 };
    const taking = (key: string, preparation: number, each: number) => {
      const made = candidate(key, 1, always, { reading: key });
      return {
        ...made,
        heldOut: async (...given: Parameters<Candidate['heldOut']>) => {
          clock.prepared += preparation;
          clock.ms += preparation + each * given[0].length;
          return made.heldOut(...given);
        },
      };
    };
    // After "a", 540 + 120 are expected for "b" and 650 left, 540 + 60 for "c". After "c", 270 + 120 and 590 left.
    const { rounds, stopped } = await searchAmong(
      profile,
      [taking('a', 540, 1), { ...taking('b', 0, 1), tokens: 2 }, taking('c', 0, 1)],
      texts(60),
      optionsWith({ now: () => clock.ms, preparedMs: () => clock.prepared, budgetMs: 1250 }),
    );
    assert.deepEqual(
      rounds.map(({ key }) => key),
      ['a', 'c', 'b'],
    );
    assert.equal(stopped, 'done');
  });

  it('measures something that can be taken, however small the budget is', async () => {
    let clock = 0;
    const slow = (made: Candidate): Candidate => ({
      ...made,
      heldOut: async (...given) => {
        clock += 5000;
        return made.heldOut(...given);
      },
    });
    const list = [
      candidate('words', 0, always, { finish: null }),
      candidate('a', 1, always),
      candidate('b', 1, always),
    ];
    const { chosen, stopped } = await searchAmong(
      profile,
      list.map(slow),
      texts(40),
      optionsWith({ now: () => clock, budgetMs: 1 }),
    );
    assert.deepEqual([chosen.key, stopped], ['a', 'budget']);
  });

  it('that is interrupted ends at once, and what was measured is kept', async () => {
    const controller = new AbortController();
    const first = candidate('first', 1, wrongOnEvery(3));
    const second = candidate('second', 2, always, {
      heldOut: async () => {
        controller.abort();
        controller.signal.throwIfAborted();
        throw new Error('not reached');
      },
    });
    const third = candidate('third', 1, always);
    const kept: string[] = [];
    const journal = { get: async () => null, set: async (trial: string) => void kept.push(trial) };
    await assert.rejects(
      searchAmong(profile, [first, second, third], texts(40), optionsWith({ signal: controller.signal, journal })),
      { name: 'AbortError' },
    );
    assert.deepEqual(
      kept.map((key) => key.split(' ')[0]),
      ['first'],
    );
    assert.deepEqual(third.calls, []);
  });

  it('does not hide a defect of a candidate', async () => {
    const broken = candidate('broken', 1, always, {
      heldOut: async () => {
        throw new Error('no such tensor');
      },
    });
    await assert.rejects(searchAmong(profile, [broken], texts(40), optionsWith()), /no such tensor/u);
  });

  it('does nothing twice that the journal knows, and a changed candidate anew', async () => {
    const journal = memoryJournal();
    const run = async (list: Scripted[]) => {
      const again: boolean[] = [];
      const onTrial = (event: TrialEvent) => {
        if (event.kind === 'end') again.push(event.again);
      };
      const { chosen, trials } = await searchAmong(profile, list, texts(250), optionsWith({ journal, onTrial }));
      return { again, chosen: chosen.key, scores: trials.map(({ key, n, score }) => [key, n, score]) };
    };
    const make = () => [candidate('a', 1, wrongOnEvery(4)), candidate('b', 1, wrongOnEvery(9))];
    const first = await run(make());
    const list = make();
    const second = await run(list);
    assert.deepEqual([second.chosen, second.scores], [first.chosen, first.scores]);
    assert.ok(first.again.every((known) => !known) && second.again.every((known) => known));
    assert.deepEqual(
      list.map(({ calls }) => calls),
      [[], []],
    );
    const other = [candidate('a 2', 1, always), ...make().slice(1)];
    await run(other);
    assert.ok((other[0] as Scripted).calls.length > 0 && (other[1] as Scripted).calls.length === 0);
  });

  it('is the same for the same seed', async () => {
    const run = async () => {
      const list = [candidate('a', 1, wrongOnEvery(4)), candidate('b', 2, wrongOnEvery(9)), candidate('c', 3, always)];
      const { trials, chosen } = await searchAmong(profile, list, texts(400), optionsWith({ seed: 5 }));
      return { trials: trials.map(({ examples, outputs, ...rest }) => [rest, examples, outputs]), chosen: chosen.key };
    };
    assert.deepEqual(await run(), await run());
  });
});

describe('folds', () => {
  /** The folds of all examples, as the last round had them. */
  async function foldsOf(task: TaskProfile, examples: readonly Example[]) {
    let seen: [readonly Example[], Int32Array] | null = null;
    const one = candidate('one', 1, always);
    const watching: Candidate = {
      ...one,
      heldOut: async (part, folds) => {
        seen = [part, folds];
        return one.heldOut(part, folds);
      },
    };
    const { trials } = await searchAmong(task, [watching], examples, optionsWith());
    assert.ok(seen !== null);
    const [part, folds] = seen as [readonly Example[], Int32Array];
    assert.equal(Math.max(...folds) + 1, trials[0]?.folds);
    return { part, folds, count: trials[0]?.folds as number };
  }

  it('have each label in its share, and more of them where examples are few', async () => {
    const { part, folds, count } = await foldsOf(profile, texts(60));
    for (let k = 0; k < count; k++) {
      const inside = part.filter((_, i) => folds[i] === k);
      const positive = inside.filter((example) => goldOf(example) === 'positive').length;
      assert.ok(Math.abs(positive - inside.length / 2) <= 1, `fold ${k}: ${positive} of ${inside.length}`);
    }
    assert.ok((await foldsOf(profile, texts(20))).count > count);
    assert.equal((await foldsOf(profile, texts(6))).count, 6);
  });

  it('keep the questions of one passage together', async () => {
    const task = profileWith({ type: 'answer', labels: [] });
    const questions = Array.from({ length: 60 }, (_, i) =>
      exampleWith(`text ${i}`, { type: 'answer', answers: [] }, { fields: { context: `passage ${i % 12}` } }),
    );
    const { part, folds } = await foldsOf(task, questions);
    const ofPassage = new Map<unknown, Set<number>>();
    part.forEach(({ record }, i) => {
      const known = ofPassage.get(record.fields.context) ?? new Set();
      ofPassage.set(record.fields.context, known.add(folds[i] as number));
    });
    assert.deepEqual(
      [...ofPassage.values()].map(({ size }) => size),
      Array.from({ length: 12 }, () => 1),
    );
  });
});

/** What label scores have learned. */
const learned = (fitted: Fitted) =>
  fitted.learned as { examples?: readonly unknown[]; calibration?: { bias: readonly number[] } };

/** The task as it is says so of every example. */
const asItIs = (outputOf: (example: Example) => ClassifyOutput) => async (examples: readonly Example[]) => ({
  title: 'as it is',
  method: 'head',
  examples,
  outputs: examples.map(outputOf),
  ms: 0,
});

describe('tuning', () => {
  const session = (changes: Parameters<typeof sessionWith>[0] = {}) =>
    sessionWith({
      profile,
      engine: fakeEngine({
        score: (prompt, word) => (prompt.slice(-30).includes('good') === word.includes('pos') ? 1 : 0),
      }),
      ...changes,
    });
  const moods = Array.from({ length: 40 }, (_, i) =>
    i % 2 === 0 ? labelled(`good thing ${i}`, 'positive') : labelled(`bad thing ${i}`, 'negative'),
  );
  const request = (changes = {}) => ({
    ...optionsWith(),
    target: null,
    kind: 'auto' as const,
    words: true,
    curves: false,
    before: async () => null,
    compare: true,
    ...changes,
  });

  it('of a task that none of the wanted ways can be tried for says so', async () => {
    const task = profileWith({ type: 'generate' });
    const examples = Array.from({ length: 10 }, (_, i) => exampleWith(`${i}`, { type: 'generate', output: '' }));
    await assert.rejects(tune(session({ profile: task }), examples, request({ kind: 'head' })), (error: unknown) => {
      assert.ok(error instanceof SlmError, String(error));
      assert.match(error.message, /there is nothing to try for "sentiment", .* with --method head/u);
      return true;
    });
    // Generation takes all blocks of the model.
    const shallow = session({ profile: task, blocks: 4, mostBlocks: 3 });
    await assert.rejects(tune(shallow, examples, request()), /nothing to try .* with --layers 3\./u);
  });

  it('chooses what tells the labels apart, and compares with what the task was', async () => {
    const wrong = () => outputFor('positive');
    const { fitted, after, before, p, wins } = await tune(session(), moods, request({ before: asItIs(wrong) }));
    assert.equal(wins, true);
    assert.equal(fitted.method, 'label-likelihood');
    assert.ok(after.score > 0.9, `${after.score}`);
    assert.equal(before?.score, 0.5);
    // ± 1.96 · √(0.5 · 0.5 / 40)
    const { low = 1, high = 0 } = before.interval ?? {};
    assert.ok(Math.abs(low - 0.345) < 0.06 && Math.abs(high - 0.655) < 0.06, `${low}–${high}`);
    // 20 texts are right now that were not, none the other way: 2 · 2⁻²⁰.
    assert.ok(p !== null && p < 1e-3, `${p}`);
  });

  it('does not win against a task that is better as it is, nor against one that is as good', async () => {
    const better = (example: Example) => outputFor(goldOf(example), 0.999);
    const stages: string[] = [];
    const onTrial = (event: TrialEvent) => event.kind === 'stage' && stages.push(event.title);
    const asked = request({ before: asItIs(better), onTrial });
    const { wins, before, fitted, fittedOn, threshold } = await tune(session(), moods, asked);
    assert.equal(wins, false);
    assert.equal(before?.score, 1);
    // Its examples are those of its trial, and not for want of time.
    assert.deepEqual([fittedOn, stages.at(-1)], [null, 'fitting what was taken']);
    assert.deepEqual([fitted.threshold, threshold], [undefined, null]);
    const same = await tune(session(), moods, request());
    const again = new Map(same.after.examples.map((example, i) => [example, same.after.outputs[i] as ClassifyOutput]));
    const copy = (example: Example) => again.get(example) as ClassifyOutput;
    assert.equal((await tune(session(), moods, request({ before: asItIs(copy) }))).wins, false);
  });

  it('does not compare where it need not', async () => {
    const better = (example: Example) => outputFor(goldOf(example), 0.999);
    const { wins, before, p } = await tune(session(), moods, request({ before: asItIs(better), compare: false }));
    assert.deepEqual([wins, before, p], [true, null, null]);
  });

  it('takes the place of a task that is as often right but less right about how sure to be', async () => {
    // Right on three of four either way, and as sure of the others as of these.
    const numberIn = ({ record }: Example) => Number(/\d+/u.exec(record.text));
    const isRight = (example: Example) => numberIn(example) % 4 !== 0;
    const other = (label: string) => (label === 'positive' ? 'negative' : 'positive');
    const sayWith = (sure: number, doubt: number) => (example: Example) =>
      isRight(example) ? outputFor(goldOf(example), sure) : outputFor(other(goldOf(example)), doubt);
    const told = candidate('told', 1, always, {
      method: 'label-likelihood',
      heldOut: async (part) => ({ outputs: part.map(sayWith(0.9, 0.55)), tokensPerRecord: 1 }),
    });
    const worse = (example: Example) =>
      numberIn(example) === 4 ? outputFor(goldOf(example), 0.97) : sayWith(0.97, 0.97)(example);
    const asked = { before: asItIs(worse), beside: [told], kind: 'head' as const };
    const { wins, gain, before } = await tune(session(), moods, request(asked));
    assert.deepEqual([wins, gain?.name], [true, 'brier']);
    assert.equal(before?.tuned.score, 0.75);
  });

  it('compares within the budget: a third of it at most, and the search has what is left', async () => {
    let time = 500;
    let until = 0;
    const before = async (examples: readonly Example[], end: number) => {
      until = end;
      time += 990;
      return asItIs(() => outputFor('positive'))(examples);
    };
    const budgeted = request({ before, budgetMs: 900, now: () => time });
    const { search: searched } = await tune(session(), moods, budgeted);
    assert.equal(until, 800);
    // Nothing is left: one candidate is measured all the same, and the others are named.
    assert.equal(searched.stopped, 'budget');
    assert.ok(searched.trials.some(({ complexity }) => complexity > 0));
  });

  it('fits on all examples, or where that would take too long on as many as there is time for, and says so', async () => {
    const examples = texts(3000);
    const tuneWith = async (msEach: number, more: Partial<Candidate> = {}) => {
      let time = 0;
      const fittedOn: (readonly Example[])[] = [];
      const stages: string[] = [];
      const slow = candidate('slow', 1, always, {
        fitsAll: true,
        finish: async (list) => {
          fittedOn.push(list);
          return { options: {}, learned: {} };
        },
        ...more,
      });
      const timed: Candidate = {
        ...slow,
        heldOut: async (part, folds) => {
          time += (part.length - (slow.calls.at(-1) ?? 0)) * msEach;
          return slow.heldOut(part, folds);
        },
      };
      const result = await tune(
        session(),
        examples,
        request({
          beside: [timed],
          kind: 'head',
          compare: false,
          budgetMs: 300_000,
          now: () => time,
          onTrial: (event: TrialEvent) => event.kind === 'stage' && stages.push(event.title),
        }),
      );
      const [list = []] = fittedOn;
      return { result, list, stage: stages.at(-1) };
    };
    const quick = await tuneWith(1);
    assert.equal(quick.list, examples);
    assert.deepEqual([quick.result.fittedOn, quick.stage], [null, 'fitting what was taken']);
    // At one second for each, there are five minutes for 300 more than the 300 that the search has read.
    const bounded = await tuneWith(1000);
    const n = 300 + 300;
    assert.deepEqual(bounded.result.fittedOn, { n, of: 3000 });
    assert.equal(bounded.list.filter((example) => goldOf(example) === 'positive').length, n / 2);
    assert.deepEqual(
      bounded.list,
      examples.filter((example) => bounded.list.includes(example)),
    );
    assert.equal(
      bounded.stage,
      `fitting what was taken to ${n} of 3000 examples, for which there is time, about 5 min 0 s`,
    );
    // What learns a handful of numbers has them from its trial.
    const handful = await tuneWith(1000, { fitsAll: false });
    assert.deepEqual([handful.result.fittedOn, handful.stage], [null, 'fitting what was taken']);
  });

  it('chooses the threshold that was asked for by what stays', async () => {
    const better = (example: Example) => outputFor(goldOf(example), goldOf(example) === 'positive' ? 0.999 : 0.99);
    const { wins, threshold } = await tune(
      session(),
      moods,
      request({ before: asItIs(better), target: { coverage: 0.3 } }),
    );
    assert.equal(wins, false);
    const { min = 0 } = threshold?.value ?? {};
    assert.ok(min > 0.98, `${min}`);
  });

  it('puts at most half of the examples into the prompt, so that some are left to learn from', async () => {
    for (const count of [6, 8, 17]) {
      const { fitted, search: result } = await tune(session(), moods.slice(0, count), request());
      assert.ok((learned(fitted).examples?.length ?? 0) <= count / 2);
      assert.ok(learned(fitted).calibration?.bias.every(Number.isFinite), JSON.stringify(fitted));
      for (const { title } of result.trials)
        assert.ok(Number(/(\d+) examples in the prompt/u.exec(title)?.[1] ?? 0) <= count / 2);
    }
  });
});
