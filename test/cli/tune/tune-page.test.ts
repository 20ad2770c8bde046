import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { html } from '../../../src/cli/page/markup.js';
import { plotSvg, shareAxis, ticks } from '../../../src/cli/page/plot.js';
import { tunePage } from '../../../src/cli/tune/tune-page.js';
import { searchText, tuneReportText } from '../../../src/cli/tune/tune-report.js';
import type { Candidate, Trial } from '../../../src/methods/candidates/types.js';
import type { UnwrittenSettings } from '../../../src/profile/write-tuned-settings.js';
import { search } from '../../../src/tune/search.js';
import type { Before, TuneResult } from '../../../src/tune/tune.js';
import type { Example, ExtractOutput, Output, TaskProfile } from '../../../src/types.js';
import { metricNamed } from '../../helpers/metrics.js';
import { exampleWith, labelled, profileWith } from '../../helpers/profiles.js';

// `UPDATE_GOLDEN=1 npm test` writes the files anew.

const profile = profileWith({ description: 'Whether <somebody> is pleased.' });
const other = { positive: 'negative', negative: 'positive' } as const;

function said(label: keyof typeof other, score: number): Output {
  return {
    type: 'classify',
    labels: [label],
    abstained: false,
    score,
    scores: { [label]: score, [other[label]]: 1 - score },
  };
}

/** Ten of each label; the surest mistake has markup in its text. */
const examples: Example[] = Array.from({ length: 20 }, (_, i) =>
  labelled(i === 3 ? 'bad <script>alert("x")</script> & "worse"' : `text ${i}`, i % 2 === 0 ? 'positive' : 'negative'),
);

function goldOf({ gold }: Example): keyof typeof other {
  return gold.type === 'classify' && gold.labels[0] === 'positive' ? 'positive' : 'negative';
}

/** Wrong on examples 3, 3 + every, …; less sure of each further one. */
function outputs(list: readonly Example[], every: number): Output[] {
  return list.map((example, i) => {
    const gold = goldOf(example);
    const wrong = i >= 3 && (i - 3) % every === 0;
    return said(wrong ? other[gold] : gold, Math.max(0.55, 0.95 - i / 50));
  });
}

function trialOf(key: string, every: number, more: Partial<Trial> = {}): Trial {
  const list = more.examples ?? examples;
  const own = outputs(list, every);
  const score = own.filter((o, i) => o.type === 'classify' && o.labels[0] === goldOf(list[i] as Example)).length;
  return {
    key,
    title: `way ${key}`,
    complexity: 2,
    layers: 18,
    examples: list,
    n: list.length,
    folds: 5,
    score: score / list.length,
    objectiveValue: score / list.length,
    interval: {
      low: score / list.length - 0.2,
      high: Math.min(1, score / list.length + 0.1),
      level: 0.95,
      resamples: 300,
    },
    tokensPerRecord: 12,
    prefixTokens: 0,
    outputs: own,
    ...more,
  };
}

function beforeWith(
  list: readonly Example[],
  tuned: readonly Output[],
  more: Pick<Before, 'score' | 'outputs'> & Partial<Before>,
): Before {
  const shown = { outputs: tuned, score: 0.85, interval: null };
  return { title: 'scored labels', examples: list, n: list.length, interval: null, tuned: shown, p: 1, ...more };
}

function resultWith(more: Partial<TuneResult> = {}): TuneResult {
  const taken = trialOf('classifier 1', 9);
  const best = trialOf('classifier 2', 17, { tokensPerRecord: 80, layers: 30 });
  const lexical = trialOf('lexical', 3, { complexity: 0, layers: 0, tokensPerRecord: 0 });
  const half = trialOf('classifier 1', 4, { examples: examples.slice(0, 10) });
  const chosen: Candidate = {
    ...{ key: taken.key, title: taken.title, method: 'head', turn: 0, words: false, complexity: 2, layers: 18 },
    heldOut: () => Promise.reject(new Error('not asked for')),
    finish: null,
  };
  return {
    wins: true,
    fittedOn: null,
    gain: null,
    beside: null,
    fitted: { method: 'head', options: {}, learned: {} },
    search: {
      trials: [best, taken, lexical],
      rounds: [],
      metric: metricNamed('accuracy'),
      objective: metricNamed('accuracy'),
      reserved: new Set(),
      chosen,
      best,
      bestCandidate: chosen,
      stopped: 'done',
      skipped: [],
      settled: null,
      fitting: () => ({ examples, ms: 0 }),
    },
    spentMs: 100_000,
    budgetMs: 600_000,
    after: taken,
    before: beforeWith(examples, taken.outputs, {
      score: 0.7,
      interval: { low: 0.5, high: 0.9, level: 0.95, resamples: 300 },
      outputs: outputs(examples, 3),
      p: 0.125,
    }),
    lexical,
    p: 0.125,
    threshold: { value: { min: 0.6, below: 'abstain' }, shares: { coverage: 0.8, reached: 0.95 } },
    curves: [
      { title: taken.title, points: [half, taken] },
      { title: lexical.title, points: [lexical] },
    ],
    ...more,
  };
}

const settings: UnwrittenSettings = {
  task: 'sentiment',
  model: 'tiny',
  modelSha256: 'a'.repeat(64),
  profile: 'digest',
  method: 'head',
  options: {},
  learned: {},
  data: { file: 'train.csv', n: 20, sha256: 'b'.repeat(64) },
  seed: 1,
  scores: {},
  trials: [],
};

function checkGolden(name: string, actual: string): void {
  const file = path.join(import.meta.dirname, '../../golden', name);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual);
  assert.equal(actual, readFileSync(file, 'utf8'));
}

describe('markup', () => {
  it('escapes what is put in, also in lists, and leaves markup as it is', () => {
    const bold = html`<b>${'<&"'}</b>`;
    assert.equal(
      html`<p title="${'"'}">${[bold, '>', null, 1]}</p>`.markup,
      '<p title="&#34;"><b>&#60;&#38;&#34;</b>&#62;1</p>',
    );
  });

  it('shows control characters and halves of characters instead of passing them on', () => {
    assert.equal(html`${'a\u0000\u001b\ud83d\tb'}`.markup, 'a\ufffd\ufffd\ufffd\tb');
    assert.equal(html`${'a\r\nb'}`.markup, 'a\nb');
  });
});

describe('a plot', () => {
  it('has ticks at round numbers within its range', () => {
    const on = (low: number, high: number, log = false) => ({ title: '', low, high, log, format: String });
    assert.deepEqual(ticks(on(0, 1), 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assert.deepEqual(ticks(on(0.62, 1), 5), [0.7, 0.8, 0.9, 1]);
    assert.deepEqual(ticks(on(0, 2600), 6), [0, 500, 1000, 1500, 2000, 2500]);
    assert.equal(ticks(on(3, 3), 5)[0], 3);
    assert.deepEqual(ticks(on(0.5, 200, true), 6), [1, 2, 10, 20, 100, 200]);
  });

  it('draws points, intervals, lines, marks and a legend', () => {
    const axis = shareAxis('accuracy', [0.52]);
    assert.equal(axis.low, 0.5);
    const { markup } = plotSvg({
      id: 'p',
      title: 'A < B',
      description: 'Two series.',
      x: { title: 'n', low: 0, high: 100, format: String },
      y: axis,
      series: [
        {
          name: 'tuned',
          colour: 'tuned',
          joined: true,
          points: [
            { x: 0, y: 0.5, low: 0.5, high: 0.75, title: 'first' },
            { x: 100, y: 1, title: 'second', mark: 'best' },
          ],
        },
        { name: 'before', colour: 'before', joined: false, points: [{ x: 50, y: 0.75, title: 'third' }] },
      ],
      diagonal: true,
    });
    checkGolden('plot.svg', markup);
  });
});

describe('the page of a tuning', () => {
  const page = tunePage({ profile, result: resultWith(), settings, taught: null });

  it('is the same for the same result', () => checkGolden('tune-page.html', page));

  it('loads nothing, runs nothing and escapes what stands in the data', () => {
    assert.doesNotMatch(page, /<script|<link|<img|https?:|url\(|\son\w+=/iu);
    assert.match(page, /bad &#60;script&#62;alert\(&#34;x&#34;\)&#60;\/script&#62; &#38; &#34;worse&#34;/u);
  });

  it('compares on the examples that were measured both before and after', () => {
    const some = examples.slice(0, 5);
    const before = beforeWith(some, outputs(some, 9), { score: 0.8, outputs: outputs(some, 3) });
    const text = tunePage({ profile, result: resultWith({ before, p: 1 }), settings, taught: null });
    assert.match(text, /p = 1\.0000 \(McNemar&#39;s exact test\) on the same 5 examples/u);
    assert.match(text, /<p>5 held-out examples\.<\/p>/u);
    assert.match(text, /Held-out, 5 examples; –/u);
    assert.doesNotMatch(text, />failed</u);
  });

  it('lists the surest mistake first', () => {
    const mistakes = page.slice(page.indexOf('The surest mistakes'));
    assert.match(mistakes, /2 of 2 held-out mistakes/u);
    assert.ok(mistakes.indexOf('0.890') < mistakes.indexOf('0.710'));
  });

  it('leaves out what was not measured', () => {
    const short = tunePage({
      profile,
      result: resultWith({ before: null, p: null, threshold: null, curves: [] }),
      settings,
      taught: null,
    });
    assert.doesNotMatch(short, />before<|precision before|McNemar|threshold|Does more data help/u);
  });

  it('compares precision and recall of entity types where there are entities', () => {
    const wanted = { text: 'Ada', label: 'positive', start: 0, end: 3 };
    const list = [exampleWith('Ada met Bo', { type: 'extract', entities: [wanted] })];
    const found: ExtractOutput = { type: 'extract', entities: [{ ...wanted, score: 0.9 }] };
    const nothing: ExtractOutput = { type: 'extract', entities: [] };
    const trial = { ...trialOf('tagger', 9), examples: list, n: 1, outputs: [found] };
    const extract: TaskProfile = { ...profile, type: 'extract' };
    const result = resultWith({
      after: trial,
      before: beforeWith(list, [found], { score: 0, outputs: [nothing] }),
      curves: [],
    });
    const text = tunePage({ profile: extract, result, settings, taught: null });
    assert.match(
      text,
      /<th scope="row">positive<\/th><td class="number">1<\/td><td class="number">–<\/td><td class="number">1\.000<\/td><td class="number">0\.000<\/td><td class="number">1\.000<\/td>/u,
    );
    assert.doesNotMatch(text, /Confusions|Can the scores be trusted/u);
    assert.match(text, /None on 1 held-out examples/u);
  });

  it('lists the most frequent confusions where a matrix would be too large', () => {
    const labels = Array.from({ length: 20 }, (_, i) => ({ ...profile.labels[0], name: `label ${i}` }));
    const many = { ...profile, labels: [...profile.labels, ...labels] } as TaskProfile;
    assert.match(
      tunePage({ profile: many, result: resultWith(), settings, taught: null }),
      /Tuned: the most frequent confusions/u,
    );
  });
});

describe('the text of a tuning', () => {
  it('gives each figure its interval and says what comes next', () => {
    checkGolden('tune-report.txt', tuneReportText(profile, resultWith(), 'tasks/sentiment/tuned/tiny.yaml'));
  });
});

describe('the end of a search', () => {
  const { search: searched, ...rest } = resultWith();
  const linesWith = (changes: Partial<typeof searched>) => searchText({ ...rest, search: { ...searched, ...changes } });

  it('says how much of the budget was used, and names the first trials that there was no time for', () => {
    const skipped = Array.from({ length: 8 }, (_, i) => ({
      title: `head ${i}`,
      n: 200,
      seconds: i * 30,
      reading: null,
    }));
    const lines = linesWith({ skipped });
    assert.match(lines[0] as string, /took 1 min 40 s of 10 min 0 s\. There was no time for 8 trials:$/u);
    assert.deepEqual(lines.slice(1, 3), ['  head 0, n = 200', '  head 1, n = 200, about 30 s']);
    assert.deepEqual(lines.slice(7), [
      '  and 2 more (--json names all)',
      'The same command with about 14 min more --budget continues from here.',
    ]);
  });

  it('counts what several trials would read once', () => {
    const skipped = [200, 300, 240].map((seconds, i) => ({
      title: `head ${i}`,
      n: 200,
      seconds,
      reading: 'states 12',
    }));
    const others = [{ title: 'label scores', n: 200, seconds: 60, reading: null }];
    assert.match(linesWith({ skipped: [...skipped, ...others] }).at(-1) as string, /about 6 min more --budget/u);
  });

  it('says where the final fit had no time for all examples', () => {
    const [first] = searchText({ ...rest, search: searched, fittedOn: { n: 800, of: 3000 } });
    assert.match(first as string, /final fit used 800 of 3000 examples.*larger --budget/u);
  });

  it('says why the dearer candidates were given up', () => {
    const [first] = linesWith({ settled: { title: 'minilm: head over embeddings', n: 174 } });
    assert.match(first as string, /given up: on 174 examples, none came close enough to "minilm: head over/u);
  });
});

describe('a search', () => {
  it('keeps the measurements of all rounds', async () => {
    const list = Array.from({ length: 300 }, (_, i) => labelled(`t ${i}`, i % 2 === 0 ? 'positive' : 'negative'));
    const candidate = (key: string, every: number): Candidate => ({
      ...{ key, title: key, method: 'head', turn: 0, words: false, complexity: every, layers: 1 },
      heldOut: async (part) => ({ outputs: outputs(part, every), tokensPerRecord: 1 }),
      finish: () => Promise.reject(new Error('not asked for')),
    });
    const { rounds, trials, metric } = await search(
      profile,
      { candidates: [candidate('a', 4), candidate('b', 3), candidate('c', 2)] },
      list,
      {
        seed: 1,
        budgetMs: 1000,
        now: () => 0,
        signal: new AbortController().signal,
        onTrial: () => undefined,
        journal: { get: async () => null, set: async () => undefined },
      },
    );
    const text = (of: readonly Trial[]) => of.map(({ key, n }) => `${key} ${n}`);
    assert.equal(metric.name, 'accuracy');
    assert.deepEqual(text(rounds), ['a 200', 'b 200', 'c 200', 'a 300', 'b 300']);
    assert.deepEqual(text(trials), ['a 300', 'b 300', 'c 200']);
  });
});
