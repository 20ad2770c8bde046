import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Evaluation } from '../../../src/app/evaluating/evaluate-task.js';
import { evalPage } from '../../../src/cli/eval/eval-page.js';
import { junitXml } from '../../../src/cli/eval/junit.js';
import { compare, differencesOf } from '../../../src/compare/compare.js';
import { checkGate, parseGate } from '../../../src/compare/gate.js';
import { evaluate } from '../../../src/evaluate/evaluate.js';
import type { Predictor } from '../../../src/methods/types.js';
import type { Example } from '../../../src/types.js';
import { fakeEngine } from '../../helpers/fake-engine.js';
import { labelled, profileWith } from '../../helpers/profiles.js';

const profile = profileWith({
  name: 'mood',
  description: 'Whether <somebody> is pleased.',
  metrics: [{ name: 'accuracy', min: 0.7 }],
});
const nasty = '</title><script>alert("x")</script> & \u001b[2J\ufffe';
const examples: Example[] = [
  labelled('fine', 'positive'),
  labelled(nasty, 'negative'),
  labelled('bad', 'negative'),
  labelled('fails', 'positive'),
];

/** A model that says these labels; null fails. */
async function subjectThatSays(name: string, labels: readonly (string | null)[], msPerRecord: number) {
  const predictor: Predictor = {
    maxPieceTokens: null,
    async predict({ record }) {
      const label = labels[examples.findIndex((example) => example.record.text === record.text)] ?? null;
      if (label === null) throw new Error(`too <difficult>: ${nasty}`);
      const scores = { positive: 0.2, negative: 0.2, [label]: 0.8 };
      return {
        output: { type: 'classify', labels: [label], abstained: false, score: 0.8, scores },
        explanation: [],
      };
    },
    decide: (output) => output,
  };
  const engine = fakeEngine();
  let clock = 0;
  const report = await evaluate(
    {
      profile,
      engine: { ...engine, model: { ...engine.model, name } },
      predictor,
      constants: '',
      documents: [],
      fallback: null,
    },
    examples,
    {
      source: 'data <of> "mine".jsonl',
      seed: 1,
      now: () => (clock += msPerRecord),
      peakMemoryBytes: () => 7,
      onProgress: () => undefined,
    },
  );
  return { name, report, file: null };
}

async function evaluation(): Promise<Evaluation> {
  const subjects = [
    await subjectThatSays('small', ['positive', 'positive', 'negative', null], 1),
    await subjectThatSays('large', ['positive', 'negative', 'negative', 'positive'], 50),
  ];
  const comparison = compare(profile, examples, subjects, 1);
  const names = { metrics: ['accuracy'], systems: ['small', 'large'] };
  return {
    profile,
    examples,
    reports: subjects.map(({ report }) => report),
    subjects,
    comparison,
    gates: checkGate(parseGate('small >= large - 0.02', names), comparison, subjects),
    problem: null,
  };
}

/** All elements of an HTML or XML text, or what is wrong with their nesting. */
function elementsOf(text: string): string[] {
  const empty = new Set(['meta', 'br', '!doctype', '?xml']);
  const open: string[] = [];
  const seen: string[] = [];
  for (const [, end, name = '', rest = ''] of text.matchAll(/<(\/?)([!?]?[\w-]+)((?:"[^"]*"|[^>"])*)>/gu)) {
    if (end === '/') assert.equal(open.pop(), name);
    else {
      seen.push(name);
      if (!empty.has(name.toLowerCase()) && !rest.endsWith('/')) open.push(name);
    }
  }
  assert.deepEqual(open, []);
  return seen;
}

async function page(): Promise<string> {
  const measured = await evaluation();
  return evalPage(measured, differencesOf(examples, measured.subjects));
}

describe('the page of a comparison', () => {
  it('loads nothing, runs nothing, and shows texts as they are', async () => {
    const markup = await page();
    const elements = elementsOf(markup);
    for (const name of ['script', 'link', 'img', 'iframe', 'object', 'image', 'use']) {
      assert.ok(!elements.includes(name), name);
    }
    assert.doesNotMatch(markup, /\s(?:src|href|xlink:href|on\w+)=|url\(|@import/u);
    assert.match(markup, /Content-Security-Policy" content="default-src 'none'/u);
    assert.ok(markup.includes('&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62; &#38; \ufffd[2J'));
    assert.ok(markup.includes('Whether &#60;somebody&#62; is pleased.'));
  });

  it('has the figures, the frontier, the difference and the gate', async () => {
    const markup = await page();
    for (const heading of [
      'Quality',
      'Quality against cost',
      'Do they differ?',
      'Goals and gates',
      'Where they differ',
    ]) {
      assert.ok(markup.includes(`<h2>${heading}</h2>`), heading);
    }
    // Both are on the frontier: the large one is better, the small one cheaper.
    assert.equal(markup.match(/<circle[^>]*r="5"/gu)?.length, 2);
    assert.match(markup, /<polyline/u);
    assert.match(markup, /small − large<\/th><td class="number">−0\.500<\/td>/u);
    assert.match(markup, /small &#62;= large - 0\.02<\/th>.*<span class="said">failed<\/span>/u);
  });

  it('of one model has no picture and no difference', async () => {
    const { reports, subjects, ...measured } = await evaluation();
    const one = { ...measured, reports: reports.slice(0, 1), subjects: subjects.slice(0, 1), comparison: null };
    const markup = evalPage({ ...one, gates: [] }, []);
    assert.match(markup, /<title>mood on small<\/title>/u);
    assert.doesNotMatch(markup, /<svg|Do they differ/u);
  });
});

describe('the page, where there is much to show', () => {
  it('numbers the points of the picture where their names have no room', async () => {
    const measured = await evaluation();
    const long = `cascade:${'a-small-model-'.repeat(4)}+large`;
    const subjects = measured.subjects.map((subject) => ({ ...subject, name: `${long} ${subject.name}` }));
    const markup = evalPage({ ...measured, subjects, comparison: compare(profile, examples, subjects, 1) }, []);
    assert.deepEqual(
      [...markup.matchAll(/<circle[^>]*r="5"\/><text[^>]*>([^<]*)</gu)].map(([, mark]) => mark),
      ['1', '2'],
    );
    assert.ok(markup.includes(`<th scope="row">2. ${long} large</th>`));
    assert.match(await page(), /<text[^>]*>small<\/text>/u);
  });

  it('has the speed, the tags and the order of the labels', async () => {
    const { reports, ...measured } = await evaluation();
    const [first] = reports;
    assert.ok(first);
    const order = { orders: 4, n: 4, flipRate: 0.25, shift: 0.1, accuracy: [0.5, 0.75], averagedAccuracy: 0.5 };
    const report = { ...first, byTag: [{ tag: 'irony', n: 4, correct: 1 }], order };
    const markup = evalPage({ ...measured, reports: [report], comparison: null, gates: [] }, []);
    assert.match(markup, /records a second, .* tokens a record, .*peak memory, 1 failed/u);
    assert.match(markup, /<th scope="row">irony<\/th><td class="number">1<\/td><td class="number">4<\/td>/u);
    assert.match(markup, /<p>labels in 4 orders: 25\.0 % of 4 records get another label/u);
  });

  it('cuts long outputs as it cuts long texts', async () => {
    const { reports, ...measured } = await evaluation();
    const mistake = {
      id: '1',
      place: 'a:1',
      text: '',
      gold: 'g'.repeat(5000),
      predicted: 'p'.repeat(5000),
      score: 1,
      tags: [],
    };
    const markup = evalPage({ ...measured, reports: reports.map((one) => ({ ...one, mistakes: [mistake] })) }, []);
    assert.doesNotMatch(markup, /[gp]{600}/u);
  });

  it('tells two models with one name apart, and so does JUnit', async () => {
    const [first] = (await evaluation()).subjects;
    assert.ok(first);
    const subjects = [first, { ...first, name: 'small (2)' }];
    const twice = { ...(await evaluation()), reports: [first.report, first.report], subjects };
    assert.deepEqual(
      [...evalPage(twice, []).matchAll(/<h2>(small[^<]*)/gu)].map(([, name]) => name),
      ['small', 'small (2)'],
    );
    assert.match(junitXml(twice), /<testsuite name="mood on small \(2\)"/u);
  });
});

describe('JUnit', () => {
  it('has goals and gates as failures, failed records as errors, wrong ones with what was said', async () => {
    const xml = junitXml(await evaluation());
    elementsOf(xml);
    assert.match(xml, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="slm eval mood">/u);
    assert.match(xml, /<testsuite name="mood on small" tests="5" failures="1" errors="1"/u);
    assert.match(xml, /<testsuite name="mood on large" tests="5" failures="0" errors="0"/u);
    assert.match(xml, /<testsuite name="mood: gates" tests="1" failures="1" errors="0"/u);
    assert.match(xml, /name="accuracy at least 0\.7" time="0\.000"><failure message="found 0\.5"\/>/u);
    assert.match(xml, /<error message="too &#60;difficult&#62;/u);
    assert.match(xml, /<system-out>wrong: gold negative, predicted positive<\/system-out>/u);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML may not have them, not even as references.
    assert.doesNotMatch(xml, /[\u0000-\u0008\u001b\ufffe\uffff]/u);
  });
});
