import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openEngine } from '../../src/engines/llama/open-engine.js';
import { valuePlaces } from '../../src/gguf/architectures.js';
import { writeDerived } from '../../src/gguf/derive.js';
import { readGgufHeader } from '../../src/gguf/header.js';
import type { Recipe } from '../../src/gguf/recipe.js';
import type { Tagger } from '../../src/heads/tagger.js';
import { coarseTaggerArrays, taggerBlob } from '../../src/heads/tagger-file.js';
import { tagMask } from '../../src/heads/tags.js';
import { readWords } from '../../src/heads/word-reading.js';
import { sha256Of } from '../../src/models/digest.js';
import { openTask, predict } from '../../src/predict.js';
import { loadProfile } from '../../src/profile/index.js';
import { findTunedSettings, withTunedSettings } from '../../src/profile/tuned-settings.js';
import { writeTunedSettings } from '../../src/profile/write-tuned-settings.js';
import { createRandom } from '../../src/random.js';
import { words } from '../../src/segment.js';
import type { InputRecord, LocalEngine } from '../../src/types.js';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import { recordWith } from '../helpers/profiles.js';
import { assertClearError, collect, exitOf, jsonl, parsed, runSlm, startSlm, until } from '../helpers/slm.js';

const folder = mkdtempSync(path.join(tmpdir(), 'slm-tune-'));
after(() => rmSync(folder, { recursive: true, force: true }));

before(async () => {
  await modelFile(smollm);
  await modelFile(gemma);
});

/** Writes a project and gives its folder. */
function project(name: string, files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(path.join(folder, `${name}-`));
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(made, file), text);
  return made;
}

/** The first candidate that can be taken is measured whatever the budget is, and nothing after it, on any machine. */
const one = ['--budget', '1ms'];

const good = [
  'The soup was wonderful and the staff were kind.',
  'A charming little hotel, we slept very well.',
  'I love this phone, the battery lasts for days.',
  'Fast delivery and everything was as described.',
  'The best concert I have been to in years.',
  'Great value, I would buy it again.',
  'The guide was funny and knew a lot.',
  'A moving film with a brilliant cast.',
  'My children adore this game.',
  'Clean rooms, friendly people, perfect location.',
  'This book kept me awake all night, superb.',
  'Excellent coffee and a lovely terrace.',
  'The repair was quick and cheap, thank you.',
  'Comfortable shoes, they fit perfectly.',
  'What a beautiful garden, we will come back.',
  'The app is simple and works flawlessly.',
  'Delicious cake, generous portions.',
  'A joy to use from the first day.',
  'The doctor listened and helped me at once.',
  'Bright colours and very good quality.',
];
const bad = [
  'The soup was cold and the waiter was rude.',
  'A filthy hotel, we could not sleep at all.',
  'I hate this phone, the battery dies by noon.',
  'The parcel came late and broken.',
  'The worst concert I have ever been to.',
  'A waste of money, never again.',
  'The guide was bored and knew nothing.',
  'A dull film with terrible acting.',
  'My children cried, the game is horrible.',
  'Dirty rooms, noisy street, awful smell.',
  'This book is boring, I gave up.',
  'Burnt coffee and sticky tables.',
  'The repair failed and cost a fortune.',
  'These shoes hurt and fell apart.',
  'What an ugly place, avoid it.',
  'The app crashes all the time.',
  'Stale cake, tiny portions.',
  'A pain to use from the first day.',
  'The doctor ignored me and left.',
  'Dull colours and very poor quality.',
];
const moods = `text,label\n${good.map((text, i) => `"${text}",good\n"${bad[i]}",bad\n`).join('')}`;

const moodTask = (labels = '[good, bad]') =>
  `name: mood\ntype: classify\nmodel: ${smollm}\nlabels: ${labels}\n` +
  'prompt:\n  instruction: ""\n  base: |\n    Review: {{ text }}\n    Mood:\n  use: base\noptions: {shots: 0, calibration: none}\n';

const fresh = [
  ['An awful, dirty and noisy restaurant.', 'bad'],
  ['A wonderful evening with kind people.', 'good'],
  ['The delivery was late and the box was broken.', 'bad'],
  ['Perfect quality, I love it.', 'good'],
  ['Terrible service, never again.', 'bad'],
  ['Superb food and a beautiful view.', 'good'],
] as const;

const topics = {
  delivery: [
    'It came two weeks late.',
    'The parcel was at my door the next morning.',
    'The courier left the box in the rain.',
    'Shipping took no more than two days.',
    'I waited a month for it to arrive.',
    'It was sent to the wrong address.',
    'The package arrived on time.',
    'The driver rang and handed it over.',
    'It never arrived.',
    'It was delivered on a Sunday.',
  ],
  price: [
    'It costs twice as much as in the shop.',
    'A bargain at ten euros.',
    'Far too expensive.',
    'It is worth every cent.',
    'The price went up last week.',
    'I got a discount of twenty percent.',
    'Cheaper than anywhere else.',
    'I want my money back.',
    'They charged my card twice.',
    'You pay for the name alone.',
  ],
  colour: [
    'The blue is much darker than in the picture.',
    'A lovely warm red.',
    'The green faded in the sun.',
    'I had asked for black and this is grey.',
    'The yellow is too loud for my kitchen.',
    'It looks purple in the evening.',
    'The white has turned brown.',
    'The colours are bright and even.',
    'Pink does not suit me.',
    'It comes in orange, too.',
  ],
} as const;
type Topic = keyof typeof topics;
const topicNames = Object.keys(topics) as Topic[];

/** Texts about one topic, and about two. */
function topicTexts(from: number, to: number): { text: string; labels: Topic[] }[] {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const shifted = (i: number) => from + ((i - from + 1) % (to - from));
  return topicNames.flatMap((topic, t) => {
    const other = topicNames[(t + 1) % topicNames.length] as Topic;
    return numbers.flatMap((i) => [
      { text: `${topics[topic][i]}`, labels: [topic] },
      { text: `${topics[topic][i]} ${topics[other][shifted(i)]}`, labels: [topic, other] },
    ]);
  });
}

describe('slm tune of a classifier with several labels', () => {
  test('reads the labels that follow, and gives those from the best threshold on', async () => {
    const cwd = project('topics', {
      'task.yaml': `name: topics\ntype: classify\nmultiLabel: true\nmodel: ${smollm}\nlabels: [${topicNames.join(', ')}]\n`,
      'labelled.jsonl': topicTexts(0, 7)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    });
    const made = await runSlm(
      ['tune', './task.yaml', '--data', 'labelled.jsonl', '--method', 'head', '--no-compare', ...one],
      { cwd, env: { XDG_CACHE_HOME: path.join(folder, 'cache-topics') }, timeoutMs: 900_000 },
    );
    assert.equal(made.code, 0, made.stderr);
    const settings = readFileSync(path.join(cwd, 'tuned', `${smollm}.yaml`), 'utf8');
    assert.match(settings, /Text: \{\{ text \}\}\n +Labels:/u);
    const [, threshold] = /^threshold:\n +min: (\S+)$/mu.exec(settings) ?? [];
    assert.ok(Number(threshold) > 0 && Number(threshold) < 1, settings);
    assert.match(made.stdout, new RegExp(`threshold ${threshold}: .*best micro F1`, 'u'));

    const asked = topicTexts(7, 10);
    const ran = await runSlm(['run', './task.yaml', ...asked.flatMap(({ text }) => ['-t', text]), '--json'], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    let [right, counted] = [0, 0];
    parsed(ran.stdout).forEach(({ labels, scores }, i) => {
      const gold = asked[i]?.labels ?? [];
      assert.deepEqual(
        labels,
        topicNames.filter((name) => scores[name] >= Number(threshold)),
      );
      right += labels.filter((label: Topic) => gold.includes(label)).length;
      counted += labels.length + gold.length;
    });
    // Seen: 0.93.
    assert.ok((2 * right) / counted >= 0.6, `${(2 * right) / counted}\n${ran.stdout}`);
  });
});

describe('slm tune of a classifier', () => {
  let cwd: string;
  // Words that say nothing of a mood: the task as it is is no better than chance.
  const codes = '{ good: { word: "17" }, bad: { word: "18" } }';
  let cache = 0;
  const tune = (...more: string[]) =>
    runSlm(['tune', './task.yaml', '--data', 'moods.csv', '--method', 'head', ...one, ...more], {
      cwd,
      // Nothing that an earlier search has left behind.
      env: { XDG_CACHE_HOME: path.join(folder, `cache-${cache++}`) },
      timeoutMs: 900_000,
    });
  const run = async (...more: string[]) => {
    const texts = fresh.flatMap(([text]) => ['-t', text]);
    const { code, stdout, stderr } = await runSlm(['run', './task.yaml', ...texts, '--json', ...more], { cwd });
    assert.equal(code, 0, stderr);
    return parsed(stdout);
  };
  const files = (place: string) => readdirSync(place).sort();
  const tunedFiles = [`${smollm}.head`, `${smollm}.yaml`];

  before(async () => {
    cwd = project('mood', { 'task.yaml': moodTask(codes), 'moods.csv': moods });
    const made = await tune();
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /on the same (\d+ )?examples: p = /u);
  });

  test('writes tuned settings and a side file, with figures that have intervals', () => {
    assert.deepEqual(files(path.join(cwd, 'tuned')), tunedFiles);
    const settings = readFileSync(path.join(cwd, 'tuned', `${smollm}.yaml`), 'utf8');
    assert.match(settings, /^method: head$/mu);
    assert.match(settings, /^data:\n {2}file: moods\.csv\n {2}n: 40$/mu);
    const [, value, low, high] = /tuned:\n +value: (\S+)\n +low: (\S+)\n +high: (\S+)/u.exec(settings) ?? [];
    // Seen: 0.95 and more. Nothing in this data is hard.
    assert.ok(Number(value) >= 0.75, settings);
    assert.ok(Number(low) <= Number(value) && Number(value) <= Number(high));
  });

  test('is used by slm run, with --untuned it is not', async () => {
    const tuned = await run();
    const untuned = await run('--untuned');
    const right = tuned.filter(({ label }, i) => label === fresh[i]?.[1]).length;
    assert.ok(right >= 5, `${right} of 6`);
    for (const { scores } of tuned) {
      assert.deepEqual(Object.keys(scores), ['good', 'bad']);
      assert.ok(Math.abs(scores.good + scores.bad - 1) < 0.001);
    }
    assert.notDeepEqual(
      tuned.map(({ score }) => score),
      untuned.map(({ score }) => score),
    );
  });

  test('installs nothing that is worse than what is there, and says so first', async () => {
    const tunedFile = path.join(cwd, 'tuned', `${smollm}.yaml`);
    const installed = readFileSync(tunedFile);
    const flat = fresh.flatMap(([text, label]) => [`"${text}",${label}`, `"Well: ${text}",${label}`]);
    writeFileSync(path.join(cwd, 'few.csv'), `text,label\n${flat.join('\n')}\n`);
    const args = ['tune', './task.yaml', '--data', 'few.csv', '--method', 'scores', ...one];
    const made = await runSlm(args, { cwd, timeoutMs: 900_000 });
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^Nothing was installed: the task as it is \(as tuned before/u);
    assert.doesNotMatch(made.stdout, /from now on/u);
    assert.deepEqual(readFileSync(tunedFile), installed);
  });

  test('explains a score by its parts', async () => {
    const { code, stdout, stderr } = await runSlm(['run', './task.yaml', '-t', fresh[0][0], '--explain'], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout + stderr, /label +features +bias/u);
  });

  test('gives the same bytes each time', async () => {
    const again = await tune('--into', 'again', '--no-compare');
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(files(path.join(cwd, 'again')), tunedFiles);
    const bytes = (place: string, file: string) => readFileSync(path.join(cwd, place, file));
    assert.deepEqual(bytes('again', `${smollm}.head`), bytes('tuned', `${smollm}.head`));
    // Without the comparison, which this one has not made.
    const text = (place: string) =>
      bytes(place, `${smollm}.yaml`)
        .toString()
        .replace(/ {2}before:\n(?: {4}.*\n)+/u, '')
        .replace(/^digest: .*$/mu, '');
    assert.equal(text('again'), text('tuned'));
  });

  test('does not fit a task that has changed, and says what to do', async () => {
    writeFileSync(
      path.join(cwd, 'task.yaml'),
      moodTask('{ good: { word: "17" }, bad: { word: "18" }, mixed: { word: "19" } }'),
    );
    try {
      const result = await runSlm(['run', './task.yaml', '-t', 'fine'], { cwd });
      assertClearError(result, 2, /the task "mood" has changed since it was tuned/u);
      assert.match(result.stderr, /--reset|--untuned/u);
      const untuned = await runSlm(['run', './task.yaml', '-t', 'fine', '--untuned'], { cwd });
      assert.equal(untuned.code, 0, untuned.stderr);
    } finally {
      writeFileSync(path.join(cwd, 'task.yaml'), moodTask(codes));
    }
  });

  test('is gone after --reset', async () => {
    const untuned = await run('--untuned');
    const reset = await runSlm(['tune', './task.yaml', '--reset'], { cwd });
    assert.equal(reset.code, 0, reset.stderr);
    assert.match(reset.stderr, /removed the tuned settings of mood/u);
    assert.deepEqual(files(path.join(cwd, 'tuned')), []);
    assert.deepEqual(await run(), untuned);
    assert.match(
      (await runSlm(['tune', './task.yaml', '--reset'], { cwd })).stderr,
      /was not tuned for smollm2-135m-instruct/u,
    );
  });
});

test('an interrupt installs nothing, and the same command goes on from there', async () => {
  const cwd = project('stop', { 'task.yaml': moodTask(), 'moods.csv': moods });
  const child = startSlm(['tune', './task.yaml', '--data', 'moods.csv', '--budget', '20m'], { cwd });
  const stderr = collect(child.stderr);
  const stdout = collect(child.stdout);
  const ended = exitOf(child);
  // The first that can be taken: the baseline needs no model and cannot.
  await until(() => /n=\d+ .* label scores/u.test(stderr()), 'the first trial');
  child.kill('SIGINT');
  assert.equal(await ended, 130, stderr());
  assert.equal(stdout(), '');
  assert.match(stderr(), /nothing was installed.*\n.*--budget 1s/u);
  assert.ok(!existsSync(path.join(cwd, 'tuned')));
  const again = await runSlm(['tune', './task.yaml', '--data', 'moods.csv', '--budget', '1s', '--no-compare'], { cwd });
  assert.equal(again.code, 0, again.stderr);
  assert.match(readFileSync(path.join(cwd, 'tuned', `${smollm}.yaml`), 'utf8'), /^method: label-likelihood$/mu);
  const run = await runSlm(['run', './task.yaml', '-t', 'fine', '--json'], { cwd });
  assert.equal(run.code, 0, run.stderr);
  assert.ok(['good', 'bad'].includes(parsed(run.stdout)[0].label));
});

const people = ['Anna', 'Peter', 'Maria', 'Tom', 'Lucy', 'Omar', 'Ines', 'Paul', 'Rosa', 'Jan'];
const places = ['Berlin', 'Lisbon', 'Oslo', 'Naples', 'Cairo', 'Dublin', 'Quito', 'Prague', 'Malmö', 'Kyoto'];
const patterns = [
  '# lives in @ .',
  'yesterday # flew to @ with friends .',
  'in @ it rained when # arrived .',
  '# sang all night .',
];

/** 40 sentences with a person each, and mostly a place. */
const tagged = patterns.flatMap((pattern, p) =>
  people.map((person, i) => {
    const place = places[(i * 3 + p) % places.length] as string;
    const text = pattern.replace('#', person).replace('@', place);
    const entity = (name: string, label: string) => {
      const start = text.indexOf(name);
      return start === -1 ? [] : [{ text: name, label, start, end: start + name.length }];
    };
    return {
      text,
      entities: [...entity(person, 'person'), ...entity(place, 'place')].sort((a, b) => a.start - b.start),
    };
  }),
);

const namesTask = `name: names\ntype: extract\nmodel: ${smollm}\nlabels: [person, place]\n`;

describe('slm tune of a tagger', () => {
  let cwd: string;
  /** Whatever the threshold that was chosen. */
  const all = ['--threshold', '0'];

  before(async () => {
    cwd = project('names', { 'task.yaml': namesTask, 'data.jsonl': jsonl(tagged) });
    const made = await runSlm(
      ['tune', './task.yaml', '--data', 'data.jsonl', '--method', 'head', ...one, '--no-compare', '--coverage', '0.9'],
      { cwd, timeoutMs: 900_000 },
    );
    assert.equal(made.code, 0, made.stderr);
  });

  test('finds entities of its labels with exact offsets behind emoji, in every unit', async () => {
    const text = '👩‍👩‍👧 🎉 Anna lives in Lisbon . 漢字 Peter flew to Oslo .';
    const cut = {
      codepoint: (start: number, end: number) => [...text].slice(start, end).join(''),
      utf16: (start: number, end: number) => text.slice(start, end),
      byte: (start: number, end: number) => Buffer.from(text).subarray(start, end).toString(),
    };
    for (const unit of ['codepoint', 'utf16', 'byte'] as const) {
      const { code, stdout, stderr } = await runSlm(
        ['run', './task.yaml', '-t', text, '--json', '--offsets', unit, ...all],
        {
          cwd,
        },
      );
      assert.equal(code, 0, stderr);
      const [{ entities }] = parsed(stdout);
      assert.ok(entities.length >= 3, stdout);
      for (const entity of entities) {
        assert.equal(cut[unit](entity.start, entity.end), entity.text);
        assert.match(entity.label, /^(person|place)$/u);
        assert.ok(entity.score > 0 && entity.score <= 1);
      }
    }
  });

  test('holds back what the threshold was chosen to hold back, not more', async () => {
    writeFileSync(path.join(cwd, 'texts.jsonl'), jsonl(tagged.map(({ text }) => ({ text }))));
    const { code, stdout, stderr } = await runSlm(['run', './task.yaml', 'texts.jsonl', '--json'], { cwd });
    assert.equal(code, 0, stderr);
    const found = parsed(stdout).flatMap(({ entities }) => entities).length;
    // 9 of 10 held-out entities were to be given; what was learned from is surer than that.
    const all = tagged.flatMap(({ entities }) => entities).length;
    assert.ok(found >= 0.85 * all, `${found} of ${all}`);
  });

  test('shows the tags of the words with --explain', async () => {
    const { code, stdout, stderr } = await runSlm(['run', './task.yaml', '-t', 'Anna lives in Oslo .', '--explain'], {
      cwd,
    });
    assert.equal(code, 0, stderr);
    const shown = stdout + stderr;
    assert.match(shown, /word +→ +O +B-person +I-person +B-place +I-place/u);
    assert.match(shown, /^\s*Anna +B-person/mu);
  });

  test('reads texts of any length and kind', async () => {
    const long = `${tagged.map(({ text }) => text).join(' ')} `;
    const rows = [long, '\u0000\u0007\n\r\n \u2028', '🙂'.repeat(40), 'a'.repeat(3000), '<|im_end|> Anna <|im_start|>'];
    writeFileSync(path.join(cwd, 'rows.jsonl'), jsonl(rows.map((text) => ({ text }))));
    const { code, stdout, stderr } = await runSlm(['run', './task.yaml', 'rows.jsonl', '--json', ...all], { cwd });
    assert.equal(code, 0, stderr);
    const results = parsed(stdout);
    assert.equal(results.length, rows.length);
    results.forEach(({ entities, text }, i) => {
      assert.equal(text, rows[i]);
      for (const { start, end, text: own } of entities)
        assert.equal([...(rows[i] as string)].slice(start, end).join(''), own);
    });
    assert.ok(results[0].entities.length > 50, `${results[0].entities.length} in the long text`);
  });
});

/** A tagger that nobody has trained: whatever it says, it says for a reason that can be compared. */
function anyTagger(width: number): Tagger {
  const random = createRandom(3);
  const { first, next } = tagMask(1);
  const steps = (may: Uint8Array) => Float64Array.from(may, (value) => (value === 1 ? 0 : Number.NEGATIVE_INFINITY));
  return {
    labels: ['thing'],
    width,
    rows: Array.from({ length: 3 }, () => Float32Array.from({ length: width }, () => (random.next() - 0.5) / 4)),
    bias: new Float64Array(3),
    lexical: null,
    steps: { classes: 3, first: steps(first), next: steps(next) },
  };
}

const mixed = [
  'Rosa Delgado flew from Łódź to Paris.',
  '🙂 Rosa Delgado flew to Paris 👩‍👩‍👧.',
  '罗莎从巴黎飞往东京。',
  'سافرت روزا إلى باريس.',
  'Роза в Париже',
  'Naïve café – “12,50 €”…',
];

test('texts that a cut vocabulary does not cover get the very numbers of the whole one, beside the others', async () => {
  const model = await modelFile(gemma);
  const width = readGgufHeader(model).metadata.get('gemma3.embedding_length')?.value as number;
  const layers = 4;
  const tagger = anyTagger(width);
  const cwd = project('things', {
    'task.yaml': `name: things\ntype: extract\nmodel: ${gemma}\nlabels: [thing]\n`,
    'rows.jsonl': jsonl(mixed.map((text) => ({ text }))),
  });
  const profile = await loadProfile('./task.yaml', { cwd, folders: [] });
  const sha256 = await sha256Of(model, new AbortController().signal);
  const file = writeTunedSettings(
    path.join(cwd, 'tuned'),
    {
      task: 'things',
      model: gemma,
      modelSha256: sha256,
      profile: profile.digest,
      method: 'head',
      options: {},
      learned: {},
      data: { file: 'none', n: 0, sha256 },
      seed: 1,
      scores: {},
      trials: [],
    },
    {
      stored: taggerBlob({ tagger, layers, reading: 'twice', sureness: { slope: 1, intercept: 0 } }),
      coarse: coarseTaggerArrays,
    },
  );
  const run = await runSlm(['run', './task.yaml', 'rows.jsonl', '--json', '--offsets', 'utf16'], { cwd });
  assert.equal(run.code, 0, run.stderr);
  const made = run.stderr.match(/preparing .*$/gmu) ?? [];
  assert.equal(made.length, 2, `the cut file and the whole one, each once: ${run.stderr}`);
  const found = parsed(run.stdout).map(({ entities }) => entities);

  const derived = path.join(folder, 'things.gguf');
  await writeDerived(model, derived, { layers, tokens: 'all', output: { values: tagger.rows } });
  const values = valuePlaces(readGgufHeader(model), { layers, output: { values: tagger.rows } });
  const engine = await openEngine({ path: derived, threads: 1, contextSize: 512, values });
  try {
    const settings = findTunedSettings([path.dirname(file)], gemma, cwd, 'x');
    assert.ok(settings !== null);
    const tuned = withTunedSettings(profile, settings, sha256);
    const task = await openTask({
      profile: tuned,
      engine,
      documents: [],
      ownDocuments: async () => [],
      cache: { get: async () => null, set: async () => undefined },
      onProgress: () => undefined,
    });
    async function* records(): AsyncGenerator<InputRecord> {
      for (const text of mixed) yield recordWith(text);
    }
    const expected: unknown[][] = [];
    for await (const { output } of predict(task, records(), { explain: false, now: () => 0 })) {
      assert.ok(output?.type === 'extract');
      expected.push(output.entities.map(({ text, label, start, end, score }) => ({ text, label, start, end, score })));
    }
    const rounded = (list: unknown[][]) =>
      JSON.parse(
        JSON.stringify(list, (key, value) => (key === 'score' ? Number((value as number).toFixed(3)) : value)),
      );
    assert.deepEqual(rounded(found), rounded(expected));
    assert.ok(expected.flat().length > 5, 'something is found at all');
  } finally {
    await engine.dispose();
  }
});

for (const name of [smollm, gemma]) {
  test(`scores as values of further blocks are those of an output matrix: ${name}`, async () => {
    const source = await modelFile(name);
    const header = readGgufHeader(source);
    const architecture = header.metadata.get('general.architecture')?.value as string;
    const width = header.metadata.get(`${architecture}.embedding_length`)?.value as number;
    const { rows: few } = anyTagger(width);
    // More than a block has room for.
    const rows = Array.from({ length: 300 }, (_, i) => few[i % few.length] as Float32Array);
    // Block 5 of Gemma has no sliding window, and a cache of its own.
    for (const layers of architecture === 'gemma3' ? [4, 5] : [6]) {
      const read = async (file: string, output: Recipe['output'] & object) => {
        const target = path.join(folder, file);
        await writeDerived(source, target, { layers, tokens: 'all', output });
        const values = 'values' in output ? { values: valuePlaces(header, { layers, output }) } : {};
        const engine: LocalEngine = await openEngine({ path: target, threads: 1, contextSize: 256, ...values });
        try {
          const text = 'Rosa flew to Łódź 🙂 and sang.';
          const list = words(text);
          const { prompt, positions } = readWords(engine, text, list, 'twice');
          for (const [i, position] of positions.entries()) {
            const word = text.slice(list[i]?.start, list[i]?.end);
            const read = engine.detokenize(prompt.input.slice(0, position + 1));
            // The last token may go beyond the word, to a sign or a part of one.
            assert.ok(read.slice(-word.length - 2).includes(word), `${word}: ${read}`);
          }
          return await engine.headScores(prompt, positions, rows.length);
        } finally {
          await engine.dispose();
          rmSync(target);
        }
      };
      const values = await read('values.gguf', { values: rows });
      const logits = await read('rows.gguf', { rows, type: 'F16' });
      const largest = Math.max(...logits.flatMap((row) => [...row].map(Math.abs)));
      values.forEach((row, i) => {
        row.forEach((value, tag) => {
          const expected = logits[i]?.[tag] as number;
          assert.ok(Math.abs(value - expected) < 0.05 * largest, `word ${i}, ${tag}: ${value} and ${expected}`);
        });
      });
    }
  });
}

test('values are read at every token of a text that is longer than the sliding window', async () => {
  const source = await modelFile(gemma);
  const header = readGgufHeader(source);
  const { rows } = anyTagger(header.metadata.get('gemma3.embedding_length')?.value as number);
  const recipe: Recipe = { layers: 4, tokens: 'all', output: { values: rows } };
  const target = path.join(folder, 'long.gguf');
  await writeDerived(source, target, recipe);
  const places = valuePlaces(header, { layers: 4, output: { values: rows } });
  const engine = await openEngine({ path: target, threads: 1, contextSize: 1024, values: places });
  try {
    const input = engine.tokenize('Rosa flew to Łódź 🙂 and sang. '.repeat(100)).slice(0, 800);
    const positions = [0, 3, 200, 255, 256, 400, 799];
    const long = await engine.headScores({ prefix: [], input }, positions, rows.length);
    // Batches of other lengths are added up in another order.
    const tolerance = 0.05 * Math.max(...long.flatMap((row) => [...row].map(Math.abs)));
    for (const [i, position] of positions.entries()) {
      if (position > 400) continue;
      // A token sees nothing that comes after it.
      const beginning = { prefix: [], input: input.slice(0, position + 1) };
      const [short] = await engine.headScores(beginning, [position], rows.length);
      short?.forEach((value, row) => {
        const found = long[i]?.[row] as number;
        assert.ok(Math.abs(found - value) < tolerance, `${position}: ${found} and ${value}`);
      });
    }
    assert.ok(long.every((row) => row.some((value) => value !== 0)));
  } finally {
    await engine.dispose();
    rmSync(target);
  }
});

test('data with what must not be in it is refused before any model is loaded', async () => {
  const cwd = project('refused', {
    'task.yaml': `${moodTask()}fixtures: test.jsonl\n`,
    'test.jsonl': jsonl([{ text: good[3], label: 'good' }]),
    'moods.csv': moods,
    'alike.csv': moods.replace(/.*,bad\n/gu, ''),
    'wrong.csv': 'text,label\nfine,great\n',
  });
  const tune = (file: string) => runSlm(['tune', './task.yaml', '--data', file], { cwd });
  assertClearError(await tune('moods.csv'), 2, /moods\.csv:8: this example is also a fixture \(test\.jsonl:1\)/u);
  assertClearError(await tune('wrong.csv'), 2, /wrong\.csv:2: .*great/u);
  assertClearError(await tune('none.csv'), 2, /none\.csv/u);
  writeFileSync(path.join(cwd, 'test.jsonl'), jsonl([{ text: 'Something else.', label: 'good' }]));
  assertClearError(await tune('alike.csv'), 2, /all 20 examples have the label "good"/u);
  assert.ok(!existsSync(path.join(cwd, 'tuned')));
});
