import { createHash } from 'node:crypto';
import path from 'node:path';
import { readConfig } from '../app/config.js';
import {
  checkHasThreshold,
  chooseModel,
  documentsFor,
  type EngineFlags,
  modelToFetch,
  openResolved,
  resolveNamed,
} from '../app/opening/open.js';
import { noticeThreads } from '../app/opening/threads.js';
import { modelDigest, overlayFolders } from '../app/opening/tuned-settings.js';
import type { UsedFile } from '../app/run/files-read.js';
import { type GoldFlags, readGold } from '../app/run/gold.js';
import { cacheDirectory, profileContext } from '../app/surroundings.js';
import { measureAsItIs } from '../app/tuning/as-it-is.js';
import { fileCache } from '../cache.js';
import { messageOf, SlmError } from '../errors.js';
import { checkDerivable } from '../gguf/architectures.js';
import { checkGguf } from '../gguf/check.js';
import { number, summarize } from '../gguf/summary.js';
import { isSkewed } from '../methods/candidates/skew.js';
import type { Trial, Trialled, TuneSession } from '../methods/candidates/types.js';
import type { ResolvedModel } from '../models/index.js';
import { loadProfile } from '../profile/index.js';
import { shownPath } from '../profile/paths.js';
import type { Overlay } from '../profile/tuned-settings.js';
import { removeOverlay, type UnwrittenOverlay, writeOverlay } from '../profile/write-tuned-settings.js';
import { checkEnough, fittingTexts, tuningData } from '../tune/data.js';
import { judgedValue, type TrialJournal, tuningMetric } from '../tune/search.js';
import { textList } from '../tune/seen.js';
import { type TuneResult, tune } from '../tune/tune.js';
import type { Engine, TaskProfile, TunedShot } from '../types.js';
import type { CliContext } from './context.js';
import { keepFiles, outputFiles } from './keep-files.js';
import { writeTuneReport } from './tune-page.js';
import { tuneReportJson, tuneReportText } from './tune-report.js';
import { createTuneProgress } from './ui/tune-progress.js';

export interface TuneFlags extends EngineFlags, GoldFlags {
  data?: string;
  method: 'auto' | 'head' | 'scores';
  /** Milliseconds. */
  budget: number;
  precision?: number;
  coverage?: number;
  seed: number;
  layers?: number;
  compare: boolean;
  words: boolean;
  take: 'simplest' | 'best';
  reset?: boolean;
  into?: string;
  json?: boolean;
  report?: string;
}

/** Searches, fits the best candidate on everything, and writes the overlay. */
export async function tuneTask(context: CliContext, spec: string, flags: TuneFlags): Promise<void> {
  const profile = await loadProfile(spec, profileContext(context));
  if (flags.precision !== undefined) checkHasThreshold(profile, '--precision');
  if (flags.coverage !== undefined) checkHasThreshold(profile, '--coverage');
  const spoken = await modelToFetch(context, flags, profile);
  await keepFiles(context, profile, [spoken], writtenFiles(context, profile, spoken, flags), flags);
  const given = flags.data === undefined ? profile.examples : await readGold(context, profile, flags.data, flags);
  const { examples: clean, notices, sha256 } = tuningData(profile, given, profile.fixtures);
  for (const notice of notices) context.notice(notice);
  const model = await resolveNamed(context, spoken);
  const modelSha256 = await modelDigest(context, model);
  noticeThreads(context, flags, await readConfig(context));
  const engine = await openResolved(context, model, flags, 'many');
  const { examples, notice } = fittingTexts(clean, engine);
  if (notice !== null) context.notice(notice);
  const metric = tuningMetric(profile, examples);
  if (isSkewed(profile, examples)) {
    context.notice('nearly all examples have the same label: candidates are compared by macro F1, not by accuracy');
  }
  const progress = await createTuneProgress(context, {
    title: `${profile.name} on ${model.name}`,
    metric: metric.title,
    examples: examples.length,
    budgetMs: flags.budget,
  });
  try {
    checkEnough(examples, notice === null ? [] : [notice]);
    // Tuning has no way to the fixtures.
    const blind: TaskProfile = { ...profile, fixtures: [] };
    const documents = await documentsFor(context, profile, []);
    const session = sessionOf(progress.context, blind, model, engine, documents, flags, progress.step);
    const key = createHash('sha256')
      .update(JSON.stringify([context.version, profile.digest, modelSha256, sha256, flags.seed]))
      .digest('hex')
      .slice(0, 32);
    const result = await tune(session, examples, {
      seed: flags.seed,
      budgetMs: flags.budget,
      now: context.now,
      signal: context.signal,
      kind: flags.method,
      words: flags.words,
      take: flags.take,
      target:
        flags.precision !== undefined
          ? { precision: flags.precision }
          : flags.coverage !== undefined
            ? { coverage: flags.coverage }
            : null,
      journal: journalIn(context, key),
      onTrial: progress.trial,
      before: flags.compare
        ? (list) => {
            const onProgress = (done: number, total: number) =>
              progress.step('measuring the task as it is', done, total);
            const { seed } = flags;
            const measured = { profile: blind, model, engine, documents, flags, seed, onProgress };
            return measureAsItIs(progress.context, measured, list);
          }
        : null,
      curves: flags.report !== undefined,
    });
    progress.end();
    const folder =
      flags.into === undefined ? overlayFolders(context, profile)[0] : path.resolve(context.cwd, flags.into);
    const overlay: UnwrittenOverlay = {
      task: profile.name,
      model: model.name,
      modelSha256,
      profile: profile.digest,
      method: result.found.method,
      options: { ...result.found.options },
      ...(result.found.prompt === undefined ? {} : { prompt: { ...result.found.prompt } }),
      ...(result.found.words === undefined ? {} : { words: { ...result.found.words } }),
      ...(result.found.shots === undefined ? {} : { shots: plainShots(result.found.shots) }),
      ...(result.found.moreShots === undefined ? {} : { moreShots: result.found.moreShots.map(plainShots) }),
      ...(result.found.calibration === undefined
        ? {}
        : {
            calibration: {
              temperature: result.found.calibration.temperature,
              bias: [...result.found.calibration.bias],
            },
          }),
      ...(result.found.judge === undefined
        ? {}
        : { judge: { weights: [...result.found.judge.weights], intercept: result.found.judge.intercept } }),
      ...(result.found.threshold === undefined ? {} : { threshold: { ...result.found.threshold } }),
      data: {
        file: flags.data === undefined ? 'examples' : path.basename(flags.data),
        n: examples.length,
        sha256,
        ...(flags.data === undefined ? {} : { texts: textList(examples) }),
      },
      seed: flags.seed,
      metric: result.search.metric.name,
      scores: scoresOf(result),
      trials: result.search.trials.map((trial) => trialOf(trial, result.search)),
    };
    const file = result.wins ? writeOverlay(folder as string, overlay, result.found.head ?? null) : null;
    const shown = file === null ? null : shownPath(file, context.cwd);
    if (flags.report !== undefined) {
      writeTuneReport(path.resolve(context.cwd, flags.report), profile, result, overlay);
      context.notice(`report: ${flags.report}`);
    }
    context.stdout.write(
      flags.json === true
        ? `${JSON.stringify(tuneReportJson(result, overlay, shown), null, 2)}\n`
        : tuneReportText(profile, result, shown),
    );
  } catch (error) {
    if (context.interrupted()) {
      progress.end();
      context.notice('interrupted: nothing was installed. What was measured is kept:');
      context.notice('the same command goes on from there; with --budget 1s it takes the best so far');
    }
    throw error;
  } finally {
    progress.end();
    await engine.dispose();
  }
}

/** The report, and the overlay with its side file. */
function writtenFiles(
  context: CliContext,
  profile: TaskProfile,
  model: string,
  { report, into }: TuneFlags,
): UsedFile[] {
  const folder = into === undefined ? overlayFolders(context, profile)[0] : path.resolve(context.cwd, into);
  const overlay = ['yaml', 'head'].map((suffix) =>
    path.join(folder as string, `${path.basename(model, '.gguf')}.${suffix}`),
  );
  return [...outputFiles(report, '--report'), ...overlay.map((file) => ({ path: file, what: 'what was tuned' }))];
}

/** Removes overlays of a task for a model from where they would be written. */
export async function resetTuning(context: CliContext, spec: string, flags: TuneFlags): Promise<void> {
  const profile = await loadProfile(spec, profileContext(context));
  const model = await chooseModel(context, flags, profile);
  const [folder] = overlayFolders(context, profile);
  const removed = removeOverlay(flags.into ?? (folder as string), model.replace(/^.*[/\\]|\.gguf$/gu, ''));
  context.notice(removed ? `removed what was tuned of ${profile.name} for ${model}` : 'nothing was tuned');
}

function sessionOf(
  context: CliContext,
  profile: TaskProfile,
  model: ResolvedModel,
  engine: Engine,
  documents: TuneSession['documents'],
  flags: TuneFlags,
  onProgress: TuneSession['onProgress'],
): TuneSession {
  const header = checkGguf(model.path);
  const blocks = summarize(header).blockCount ?? 1;
  const width = number(header, `${engine.model.architecture}.embedding_length`) ?? 0;
  let derive: TuneSession['derive'] = (recipe) => openResolved(context, model, flags, 'many', recipe);
  try {
    checkDerivable(header, { layers: 1, tokens: 'all', output: { values: [new Float32Array(width)] } });
  } catch (error) {
    if (!(error instanceof SlmError)) throw error;
    context.notice(`no heads are tried: ${messageOf(error)}`);
    derive = { impossible: messageOf(error) };
  }
  return {
    profile,
    engine,
    documents,
    blocks,
    width,
    mostBlocks: Math.min(flags.layers ?? blocks, blocks),
    derive,
    seed: flags.seed,
    signal: context.signal,
    onProgress,
  };
}

/** Finished trials, so that a search that was broken off goes on where it was. */
function journalIn(context: CliContext, key: string): TrialJournal {
  const cache = fileCache(path.join(cacheDirectory(context), 'tuning', key));
  return {
    get: async (trial) => (await cache.get(trial)) as Trialled | null,
    set: (trial, value) => cache.set(trial, value),
  };
}

function plainShots(shots: readonly TunedShot[]) {
  return shots.map(({ fields, label }) => ({ fields: { ...fields }, label }));
}

function scoresOf({ after, before, lexical, threshold }: TuneResult): Overlay['scores'] {
  const figure = ({ score, interval }: Pick<Trial, 'score' | 'interval'>) => ({
    value: rounded(score),
    low: rounded(interval?.low ?? score),
    high: rounded(interval?.high ?? score),
  });
  return {
    tuned: figure(after),
    ...(before === null ? {} : { before: figure(before) }),
    ...(lexical === null ? {} : { 'without a model': figure(lexical) }),
    ...(threshold?.shares ? { coverage: { value: rounded(threshold.shares.coverage), low: 0, high: 1 } } : {}),
  };
}

function trialOf(trial: Trial, { judge, metric }: TuneResult['search']): Record<string, unknown> {
  const { title, n, folds, score, interval, tokensPerRecord } = trial;
  return {
    title,
    n,
    folds,
    score: rounded(score),
    low: rounded(interval?.low ?? score),
    high: rounded(interval?.high ?? score),
    ...(judge === metric ? {} : { [judge.name]: rounded(judgedValue(judge, trial)) }),
    tokens: Math.round(tokensPerRecord * 10) / 10,
  };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
