import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { modelFile, smollm } from '../helpers/models.js';
import { parsed, runSlm } from '../helpers/slm.js';
import { tinyBert } from '../helpers/tiny-bert.js';

const cwd = mkdtempSync(path.join(tmpdir(), 'slm-tune-answers-'));
after(() => rmSync(cwd, { recursive: true, force: true }));

const places = [
  ['bakery', 'Rosa Lind', '6:30'],
  ['library', 'Tom Okafor', '9:00'],
  ['ferry', 'Greta Holm', '5:45'],
  ['clinic', 'Dr Amir Shah', '8:15'],
  ['museum', 'Lena Voss', '10:00'],
  ['swimming pool', 'Ivo Petrov', '7:20'],
] as const;

const passage = ([place, person, time]: readonly [string, string, string]) =>
  `The ${place} by the river opens at ${time} on weekdays. It has been run by ${person} since the flood. Tickets and bread are paid for in cash.`;

const rows = places.flatMap((place) => {
  const context = passage(place);
  return [
    { question: `When does the ${place[0]} open?`, context, answers: [place[2]] },
    { question: `Who runs the ${place[0]}?`, context, answers: [place[1]] },
    { question: `How many employees does the ${place[0]} have?`, context, answers: [] },
  ];
});

const tune = (cache: string) =>
  runSlm(['tune', './task.yaml', '--data', 'rows.jsonl', '--budget', '1ms', '--no-compare', '--json'], {
    cwd,
    env: { XDG_CACHE_HOME: path.join(cwd, cache) },
    timeoutMs: 600_000,
  });
const written = () => readFileSync(path.join(cwd, 'tuned', `${smollm}.yaml`), 'utf8');

before(async () => {
  await modelFile(smollm);
  writeFileSync(
    path.join(cwd, 'task.yaml'),
    `name: times\ntype: answer\nmodel: ${smollm}\nmethod: passage-spans\nprompt:\n  instruction: ""\n  base: |\n    Passage: {{ context }}\n    Question: {{ question }}\n    Answer:\n  use: base\n`,
  );
  writeFileSync(path.join(cwd, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

test('slm tune of question answering: examples in the prompt, a judge and a threshold, and slm run uses them', async () => {
  const made = await tune('first');
  assert.equal(made.code, 0, made.stderr);
  const first = written();
  assert.match(first, /^method: passage-spans$/mu);
  assert.match(first, /^ {2}ranker:\n {4}weights:/mu);
  assert.match(first, /^threshold:\n {2}min: /mu);
  const shown = [...first.matchAll(/^ {6}label: "?(.*?)"?$/gmu)].map(([, label]) => label);
  assert.equal(shown.length, 4, first);
  const accepted: readonly string[] = rows.flatMap(({ answers }) => answers);
  assert.ok(shown.every((label) => accepted.includes(label as string)));

  const bridge = passage(['bridge', 'Ada Moe', '11:05']);
  writeFileSync(
    path.join(cwd, 'new.jsonl'),
    `${JSON.stringify({ question: 'When does the bridge open?', context: bridge })}\n`,
  );
  const explained = async (...more: string[]) => {
    const { code, stdout, stderr } = await runSlm(['run', './task.yaml', 'new.jsonl', '--json', ...more], { cwd });
    assert.equal(code, 0, stderr);
    return parsed(stdout)[0] as { answer: string | null; score: number };
  };
  const [tuned, untuned] = [await explained(), await explained('--untuned')];
  assert.notEqual(tuned.score, untuned.score);
  assert.ok(tuned.answer === null || bridge.includes(tuned.answer));

  const again = await tune('second');
  assert.equal(again.code, 0, again.stderr);
  assert.equal(written(), first, 'the same data and seed give the same bytes');
});

test('in chat turns tuning fits the ranker and the judge, and what it finds is used', async () => {
  const task = path.join(cwd, 'turns');
  mkdirSync(task);
  writeFileSync(
    path.join(task, 'task.yaml'),
    `name: turns\ntype: answer\nmodel: ${smollm}\nmethod: passage-spans\nprompt: { use: chat }\n`,
  );
  const run = (...args: string[]) => runSlm(args, { cwd, timeoutMs: 600_000 });
  const made = await run('tune', './turns', '--data', 'rows.jsonl', '--budget', '1ms', '--no-compare', '--json');
  assert.equal(made.code, 0, made.stderr);
  const settings = readFileSync(path.join(task, 'tuned', `${smollm}.yaml`), 'utf8');
  assert.match(settings, /^ {4}judge:\n {6}weights:/mu);
  const asked = await run('run', './turns', 'rows.jsonl', '--limit', '1', '--json', '--threshold', '0');
  assert.equal(asked.code, 0, asked.stderr);
  const [result] = parsed(asked.stdout) as { answer: string }[];
  assert.ok(passage(places[0]).includes(result?.answer ?? '?'));
});

test('slm tune of verdicts: tuned as verdicts, beside the most frequent one, and slm run uses them', async () => {
  const folder = path.join(cwd, 'verdicts');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'task.yaml'), `name: checks\ntype: answer\nanswer: verdict\nmodel: ${smollm}\n`);
  const asked = places.flatMap((place) => {
    const context = passage(place);
    return [
      { question: `Does ${place[1]} run the ${place[0]}?`, context, answers: ['yes'] },
      { question: `Is the ${place[0]} run by ${place[1]}?`, context, answers: ['yes'] },
      { question: `Is the ${place[0]} closed on weekdays?`, context, answers: ['no'] },
    ];
  });
  writeFileSync(path.join(folder, 'rows.jsonl'), asked.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const made = await runSlm(['tune', './task.yaml', '--data', 'rows.jsonl', '--no-compare', '--json'], {
    cwd: folder,
    timeoutMs: 600_000,
  });
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /always the most frequent, no model/u);
  assert.doesNotMatch(made.stderr, /copied answers/u);
  const written = readFileSync(path.join(folder, 'tuned', `${smollm}.yaml`), 'utf8');
  assert.match(written, /^method: passage-verdicts$/mu);
  assert.match(written, /^ {2}views:$/mu);

  const { code, stdout, stderr } = await runSlm(['run', './task.yaml', 'rows.jsonl', '--json'], { cwd: folder });
  assert.equal(code, 0, stderr);
  const given = parsed(stdout) as { answer: string | null; sentence?: string }[];
  // Each question of the data has a verdict, so none is withheld.
  assert.ok(given.every(({ answer }) => ['yes', 'no', 'maybe'].includes(answer ?? '')));
  assert.ok(given.every(({ sentence }, i) => asked[i]?.context.includes(sentence ?? '-')));
  // Two of three are yes, and the smallest model can tell them by little else.
  const right = given.filter(({ answer }, i) => asked[i]?.answers[0] === answer);
  assert.ok(right.length >= asked.length / 2, `${right.length} of ${asked.length}`);
});

test('what judges and what compares passages is used by tuning, named in the settings and then needed', async () => {
  const task = path.join(cwd, 'judged');
  mkdirSync(task);
  // The same model by another name reads.
  linkSync(await modelFile(smollm), path.join(cwd, 'reader.gguf'));
  const embedder = path.join(cwd, 'tiny-bert.gguf');
  writeFileSync(embedder, tinyBert(['when', 'open', 'library', 'ferry', 'who', 'runs']));
  writeFileSync(
    path.join(task, 'task.yaml'),
    `name: judged\ntype: answer\nmodel: ${path.join(cwd, 'reader.gguf')}\nmethod: passage-spans\nprompt: { use: chat }\noptions: { judge: ${smollm} }\n`,
  );
  const run = (...args: string[]) => runSlm(args, { cwd, timeoutMs: 600_000 });
  const tuning = ['tune', './judged', '--data', 'rows.jsonl', '--budget', '1ms', '--no-compare', '--json'];
  const made = await run(...tuning, '--embedder', 'tiny-bert.gguf');
  assert.equal(made.code, 0, made.stderr);
  const settings = readFileSync(path.join(task, 'tuned', 'reader.yaml'), 'utf8');
  assert.ok(settings.includes(`  judge: ${smollm}\n`), settings);
  assert.ok(settings.includes(`  embedder: ${embedder}\n`), settings);
  assert.match(settings, /^ {2}judge: "?[0-9a-f]{64}"?$/mu);
  const ask = () => run('run', './judged', 'rows.jsonl', '--limit', '1', '--json', '--threshold', '0');
  const asked = await ask();
  assert.equal(asked.code, 0, asked.stderr);
  assert.ok(passage(places[0]).includes((parsed(asked.stdout) as { answer: string }[])[0]?.answer ?? '?'));

  rmSync(embedder);
  const without = await ask();
  assert.equal(without.code, 3, without.stderr);
  assert.match(without.stderr, /tiny-bert\.gguf", which is not on this machine/u);
});
