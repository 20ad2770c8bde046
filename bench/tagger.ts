/**
 * Sentences a second of a tagger that reads each sentence once, beside the raw prompt speed of the whole model in the
 * same run; and what the derived files of a model bring: size, time to load, memory, records a second.
 *
 *     node --import tsx bench/tagger.ts [DATA] [--model NAME] [--records N] [--rounds N] [--layers N] [--work FOLDER]
 *
 * The head is trained on the examples of the task `ner`: its figures are not looked at here, and speed does not
 * depend on them. Texts are sentences of CoNLL-2003's testa, drawn with a seed. The ways take turns, round after
 * round; tables have medians with the smallest and largest value. Each derived file is measured in a process of its
 * own, by 9 named outputs at the end of a sentence and at each of its words. Needs `npm run build`.
 */
import { mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { text as readAll } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { cpuBudget } from '../src/engines/cpu-budget.js';
import { openHiddenStates } from '../src/engines/llama/hidden-states.js';
import { openEngine } from '../src/engines/llama/open-engine.js';
import { verifyDerived } from '../src/engines/llama/verify-derived.js';
import { valuePlaces } from '../src/gguf/architectures.js';
import { checkGguf } from '../src/gguf/check.js';
import type { Recipe } from '../src/gguf/recipe.js';
import { number, summarize } from '../src/gguf/summary.js';
import type { ValuePlace } from '../src/gguf/value-blocks.js';
import { type Tagger, trainTagger } from '../src/heads/tagger.js';
import { coarseTaggerArrays, taggerBlob } from '../src/heads/tagger-file.js';
import { tagsOf } from '../src/heads/tags.js';
import { wordFeatures } from '../src/heads/word-features.js';
import { readWords } from '../src/heads/word-reading.js';
import { median } from '../src/metrics/median.js';
import { derivedModel } from '../src/models/derived.js';
import { sha256Of } from '../src/models/digest.js';
import { loadProfile } from '../src/profile/index.js';
import { writeTunedSettings } from '../src/profile/write-tuned-settings.js';
import { words as wordsOf } from '../src/segment.js';
import type { LocalEngine, Prompt } from '../src/types.js';
import { conllTexts } from './parts/data-sets.js';
import { machine, markdownTable, say, spread } from './parts/figures.js';
import { defaultData, modelFile, root, runProgram, runSlm } from './parts/program.js';
import { rawPromptSpeed } from './parts/raw-speed.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'gemma-3-270m' },
    records: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    layers: { type: 'string' },
    work: { type: 'string', default: path.join(tmpdir(), 'slm-bench-tagger') },
    worker: { type: 'boolean', default: false },
  },
});
const threads = cpuBudget();

/** What a process of its own measures. */
interface Job {
  readonly path: string;
  /** Where values are to be read; null for files without. */
  readonly values: readonly ValuePlace[] | null;
  readonly texts: readonly string[];
}

interface Measured {
  readonly loadSeconds: number;
  readonly loadedMb: number;
  readonly workedMb: number;
  readonly atTheEnd: number;
  readonly atEachWord: number;
}

/** Tags of the task: outside, and two for each of 4 labels. */
const outputs = 9;

if (flags.worker) process.stdout.write(JSON.stringify(await measure(JSON.parse(await readAll(process.stdin)) as Job)));
else await main();
process.exit(0);

async function main(): Promise<void> {
  const data = path.resolve(positionals[0] ?? defaultData);
  const rounds = Number(flags.rounds);
  const work = path.resolve(flags.work);
  mkdirSync(work, { recursive: true });
  const env = { XDG_CONFIG_HOME: path.join(work, 'config'), XDG_CACHE_HOME: path.join(work, 'cache') };
  const texts = conllTexts(path.join(data, 'conll2003', 'eng.testa'), Number(flags.records), 1);
  const source = { path: modelFile(flags.model), name: flags.model, sha256: await sha256Of(modelFile(flags.model)) };
  const header = checkGguf(source.path);
  const blocks = summarize(header).blockCount ?? 1;
  const layers = Number(flags.layers ?? Math.round(blocks * 0.55));
  const derive = (recipe: Recipe) =>
    derivedModel(source, recipe, {
      cacheDir: path.join(env.XDG_CACHE_HOME, 'slm'),
      now: () => Date.now(),
      verify: async (derived) => {
        await verifyDerived({ source: source.path, derived, recipe });
      },
      onMake: (name) => say(`making ${name}`),
    });
  const tagger = await train(path.join(env.XDG_CONFIG_HOME, 'slm', 'tuned', 'ner'), work, layers);
  const recipes: readonly Recipe[] = [
    { layers: null, tokens: 'all', output: null },
    { layers: null, tokens: 'latin', output: null },
    { layers, tokens: 'all', output: null },
    { layers, tokens: 'latin', output: null },
    { layers, tokens: 'latin', output: { values: tagger.rows } },
  ];
  const titles = ['the whole file', 'latin', `${layers} layers`, `${layers} layers, latin`, '… with values of a head'];
  const files: { readonly path: string }[] = [];
  for (const recipe of recipes) files.push(await derive(recipe));

  await tag(texts.slice(0, 2));
  const raw: number[] = [];
  const sentences: number[] = [];
  const measured: Measured[][] = files.map(() => []);
  const few = Math.min(20, texts.length >> 1);
  for (let round = 1; round <= rounds; round++) {
    raw.push(await rawPromptSpeed(source.path, texts, threads));
    // The difference of two runs leaves out the start and the exit.
    sentences.push((texts.length - few) / ((await tag(texts)) - (await tag(texts.slice(0, few)))));
    for (const [i, file] of files.entries()) {
      const recipe = recipes[i] as Recipe;
      const values = recipe.output === null ? null : valuePlaces(header, recipe);
      measured[i]?.push(await inProcess({ path: file.path, values, texts: texts.slice(0, 100) }));
    }
    say(`round ${round} of ${rounds} done`);
  }

  const tokens = await tokensOf(texts);
  const speeds = sentences.map((value, i) => [value, value * tokens, (value * tokens) / (raw[i] as number)] as const);
  const column = (c: 0 | 1 | 2) => speeds.map((row) => row[c]);
  process.stdout.write(
    [
      `${flags.model}, ${layers} of ${blocks} layers, ${texts.length} sentences of ${tokens.toFixed(1)} tokens, ${threads} threads, ${rounds} interleaved rounds; ${machine()}`,
      '',
      markdownTable(
        ['what', 'median', 'smallest–largest'],
        [
          ['raw prompt of the whole model, tokens/s', median(raw).toFixed(1), spread(raw)],
          ['slm run ner --lines, sentences/s', median(column(0)).toFixed(1), spread(column(0))],
          ['… tokens/s', median(column(1)).toFixed(1), spread(column(1))],
          ['… ÷ raw prompt', median(column(2)).toFixed(2), spread(column(2), 2)],
        ],
      ),
      '',
      markdownTable(
        [
          'file',
          'MB',
          'loading, s',
          'loaded, MiB resident',
          'after 100 records',
          '9 outputs at the end, records/s',
          'at each word, records/s',
        ],
        files.map((file, i) => {
          const of = (pick: (each: Measured) => number) => (measured[i] ?? []).map(pick);
          const both = (values: readonly number[], digits = 1) =>
            `${median(values).toFixed(digits)} (${spread(values, digits)})`;
          return [
            titles[i] as string,
            (statSync(file.path).size / 1e6).toFixed(0),
            both(
              of((each) => each.loadSeconds),
              2,
            ),
            median(of((each) => each.loadedMb)).toFixed(0),
            median(of((each) => each.workedMb)).toFixed(0),
            both(of((each) => each.atTheEnd)),
            both(of((each) => each.atEachWord)),
          ];
        }),
      ),
      '',
    ].join('\n'),
  );

  /** Seconds of one run of the program. */
  async function tag(lines: readonly string[]): Promise<number> {
    const args = ['run', 'ner', '--lines', '--json', '--no-warm', '-q', '-m', flags.model];
    return (await runSlm(args, { cwd: work, env, input: lines.map((line) => `${line}\n`).join('') })).seconds;
  }

  /** Trains a head that reads once, and writes it where the program finds it. */
  async function train(folder: string, cwd: string, kept: number): Promise<Tagger> {
    const profile = await loadProfile('ner', {
      cwd,
      folders: [{ directory: path.join(root, 'tasks'), title: 'built in' }],
    });
    const labels = profile.labels.map(({ name }) => name);
    const width = number(header, `${summarize(header).architecture}.embedding_length`) ?? 0;
    const engine = await openEngine({ path: source.path, parallel: 'many' });
    const texts = profile.examples.map(({ record: { text }, gold }) => {
      const words = wordsOf(text);
      const entities = gold.type === 'extract' ? gold.entities : [];
      return {
        wanted: readWords(engine, text, words, 'once'),
        features: wordFeatures(text, words),
        tags: tagsOf(words, entities, labels),
      };
    });
    await engine.dispose();
    const reader = await openHiddenStates(
      texts.map(({ wanted }) => wanted),
      kept,
      width,
      source.path,
      async (recipe) => openEngine({ path: (await derive(recipe)).path, parallel: 'many', derived: true }),
    );
    const hidden: Float32Array[] = [];
    for (const { wanted } of texts) hidden.push(await reader.read(wanted));
    await reader.dispose();
    const tagged = texts.map(({ features, tags }, i) => ({ features, tags, hidden: hidden[i] as Float32Array }));
    const tagger = trainTagger(tagged, { labels, width, l2: 3, lexical: true, seed: 1 });
    writeTunedSettings(
      folder,
      {
        task: profile.name,
        model: flags.model,
        modelSha256: source.sha256,
        profile: profile.digest,
        method: 'head',
        options: { windowTokens: 96 },
        learned: {},
        data: { file: 'examples', n: texts.length, sha256: '' },
        seed: 1,
        scores: {},
        trials: [],
      },
      {
        stored: taggerBlob({ tagger, layers: kept, reading: 'once', sureness: { slope: 1, intercept: 0 } }),
        coarse: coarseTaggerArrays,
      },
    );
    return tagger;
  }

  async function tokensOf(lines: readonly string[]): Promise<number> {
    const engine = await openEngine({ path: source.path, parallel: 'many' });
    const sum = lines.reduce((total, line) => total + engine.tokenize(` ${line}`).length, 0);
    await engine.dispose();
    return sum / lines.length;
  }
}

async function inProcess(job: Job): Promise<Measured> {
  const args = [...process.execArgv, import.meta.filename, '--worker'];
  const { stdout } = await runProgram(process.execPath, args, { cwd: root, input: JSON.stringify(job) });
  return JSON.parse(stdout) as Measured;
}

async function measure({ path: file, values, texts }: Job): Promise<Measured> {
  const start = performance.now();
  const engine = await openEngine({
    path: file,
    parallel: 'many',
    threads,
    derived: true,
    ...(values === null ? {} : { values }),
  });
  const loadSeconds = (performance.now() - start) / 1000;
  const loadedMb = resident();
  const records = texts.map((line) => readWords(engine, line, wordsOf(line), 'once'));
  const last = ({ prompt }: { prompt: Prompt }) => [prompt.input.length - 1];
  await speedOf(records.slice(0, 4), (record) => ask(record.prompt, last(record)), engine);
  const atTheEnd = await speedOf(records, (record) => ask(record.prompt, last(record)), engine);
  const workedMb = resident();
  // Without values of a head, an output at each word costs as much as there are tokens in the vocabulary.
  const some = values === null ? records.slice(0, 20) : records;
  const atEachWord = await speedOf(some, ({ prompt, positions }) => ask(prompt, positions), engine);
  await engine.dispose();
  return { loadSeconds, loadedMb, workedMb, atTheEnd, atEachWord };

  function ask(prompt: Prompt, positions: readonly number[]): Promise<unknown> {
    return engine.headScores(prompt, positions, outputs);
  }
}

/** Records a second, as many at once as there are slots. */
async function speedOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>, { slots }: LocalEngine) {
  const start = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++] as T);
  };
  await Promise.all(Array.from({ length: slots }, worker));
  return items.length / ((performance.now() - start) / 1000);
}

function resident(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}
