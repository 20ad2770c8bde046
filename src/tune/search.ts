import { SlmError } from '../errors.js';
import { assignFolds } from '../linear/folds.js';
import { isSkewed } from '../methods/candidates/skew.js';
import type { Candidate, CandidatePlan, Trial, Trialled } from '../methods/candidates/types.js';
import { labelOf } from '../methods/few-shot.js';
import { bootstrapIntervals } from '../metrics/bootstrap.js';
import { type Metric, metrics, metricsFor, type PreparedMetric } from '../metrics/index.js';
import { pairedDifference } from '../metrics/significance.js';
import { createRandom, shuffle } from '../random.js';
import type { Example, Output, Pair, TaskProfile } from '../types.js';
import { costOf } from './cost.js';
import { createPace } from './expected-time.js';
import { decideHeldOut } from './threshold.js';

export interface SearchOptions {
  readonly seed: number;
  /** Milliseconds for all trials together. */
  readonly budgetMs: number;
  readonly now: () => number;
  /** Ends the search early; what was found so far counts. */
  readonly signal: AbortSignal;
  readonly onTrial: (event: TrialEvent) => void;
  /** What is taken: the simplest that is not clearly worse than the best, or the best whatever it costs. Defaults to the simplest. */
  readonly take?: 'simplest' | 'best';
  /** Trials of earlier runs, and where this one's go. */
  readonly journal: TrialJournal;
}

/** Trials by candidate, examples and folds: one that is known is not done again. */
export interface TrialJournal {
  get(key: string): Promise<Trialled | null>;
  set(key: string, value: Trialled): Promise<void>;
}

export type TrialEvent =
  | { readonly kind: 'begin'; readonly title: string; readonly n: number }
  | { readonly kind: 'end'; readonly trial: Trial; readonly seconds: number; readonly again: boolean }
  | { readonly kind: 'skip'; readonly title: string; readonly reason: string }
  /** Work after the search. */
  | { readonly kind: 'stage'; readonly title: string };

export interface SearchResult {
  /** What the score of a trial is. */
  readonly metric: Metric;
  /** What candidates were compared by. */
  readonly judge: Metric;
  /** The last measurement of each candidate, best first. */
  readonly trials: readonly Trial[];
  /** Every measurement of every round, in the order in which they were made. */
  readonly rounds: readonly Trial[];
  /** The candidate that is taken: the simplest that is not clearly worse than the best. */
  readonly chosen: Candidate;
  readonly best: Trial;
  readonly bestCandidate: Candidate;
  /** Examples that no candidate was measured on: their answers stand in the prompts of some. */
  readonly aside: ReadonlySet<Example>;
  readonly stopped: 'done' | 'budget';
}

/**
 * The measure that tuning goes by. For labels the share that is right; where that would be high without any rare label
 * ever being found, macro F1, to which each label counts the same.
 */
export function tuningMetric(profile: Pick<TaskProfile, 'type' | 'multiLabel'>, examples: readonly Example[]): Metric {
  const { type, multiLabel } = profile;
  const name: Record<TaskProfile['type'], string> = {
    classify: multiLabel ? 'micro-f1' : isSkewed(profile, examples) ? 'macro-f1' : 'accuracy',
    extract: 'entity-f1',
    answer: 'token-f1',
    generate: 'field-f1',
  };
  return metricsFor(type, multiLabel).find((metric) => metric.name === name[type]) as Metric;
}

/**
 * What candidates are compared by. With one label a text the Brier score: it looks at the probabilities, so that it
 * tells candidates apart on fewer examples than accuracy needs, and sees which of them is too sure of itself.
 * T. Gneiting, A. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 102, 2007.
 */
function judgeFor(metric: Metric): Metric {
  return metric === metrics.accuracy ? metrics.brier : metric;
}

/** Examples of the first round; each further round has three times as many, for the better half of the candidates. */
const firstRound = 200;
const growth = 3;
/** Draws for the interval of a figure: the trials are many. */
export const intervalResamples = 300;
/** Share of the budget that is kept for fitting the chosen candidate on everything. */
const reserve = 0.2;

/**
 * Successive halving: all candidates on few examples, the better half on more, until few are left that are measured on
 * all. K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", 2016.
 * Examples are in one order, drawn once, so that rounds are prefixes of each other.
 */
export async function search(
  profile: TaskProfile,
  plan: CandidatePlan,
  examples: readonly Example[],
  options: SearchOptions,
): Promise<SearchResult> {
  const { candidates } = plan;
  const metric = tuningMetric(profile, examples);
  const judge = judgeFor(metric);
  const order = inRounds(profile, examples, options.seed);
  const aside = asideOf(plan);
  const start = options.now();
  const measured = new Map<Candidate, Trial>();
  const rounds: Trial[] = [];
  let alive = [...candidates];
  let { next } = plan;
  let stopped: SearchResult['stopped'] = 'done';
  const spent = () => options.now() - start;
  const pace = createPace();
  let before = 0;

  for (let size = Math.min(firstRoundOf(profile), order.length); ; size = Math.min(size * growth, order.length)) {
    const part = order.slice(0, size);
    const read = new Set<string>();
    for (let i = 0; i < alive.length; i++) {
      const candidate = alive[i] as Candidate;
      options.signal.throwIfAborted();
      // One at least that can be taken, however small the budget is.
      const some = [...measured.keys()].some(({ finish }) => finish !== null);
      const shared = read.has(candidate.reading ?? '');
      const step = { candidate, size, fresh: measured.has(candidate) ? size - before : size, shared };
      const late = some && spent() + pace.expected(step) > options.budgetMs * (1 - reserve);
      if (late) {
        stopped = 'budget';
        options.onTrial({ kind: 'skip', title: candidate.title, reason: stopped });
        continue;
      }
      const began = options.now();
      options.onTrial({ kind: 'begin', title: candidate.title, n: part.length });
      const { trial, again } = await tryOut(profile, candidate, part, { ...options, metric, judge, aside });
      measured.set(candidate, trial);
      rounds.push(trial);
      const ms = options.now() - began;
      // What an earlier search has measured was not read in this one, and tells nothing of the time it takes.
      if (!again) {
        pace.note(step, ms);
        if (candidate.reading !== undefined) read.add(candidate.reading);
      }
      options.onTrial({ kind: 'end', trial, seconds: ms / 1000, again });
      if (i + 1 === alive.length && next !== undefined && stopped === 'done') {
        alive.push(...next(measured));
        next = undefined;
      }
    }
    if (stopped !== 'done' || size === order.length) break;
    alive = betterHalf(alive, measured);
    before = size;
  }
  return { ...decide(profile, measured, { metric, judge }, options), metric, judge, rounds, aside, stopped };
}

/** Examples that stand in prompts of some candidate: nothing is measured on them. */
function asideOf({ candidates, reserved }: CandidatePlan): ReadonlySet<Example> {
  return new Set([...candidates.flatMap(({ inPrompt }) => [...(inPrompt ?? [])]), ...(reserved ?? [])]);
}

/** The examples that candidates are measured on, in the order of the rounds: those of a round are the first of these. */
export function measuredExamples(
  profile: TaskProfile,
  plan: CandidatePlan,
  examples: readonly Example[],
  seed: number,
): Example[] {
  const aside = asideOf(plan);
  return inRounds(profile, examples, seed).filter((example) => !aside.has(example));
}

/**
 * Measures a candidate on examples, each by what was fitted without it; what the journal knows is not done again.
 * Those aside are learned from, but not asked about.
 */
export async function tryOut(
  profile: TaskProfile,
  candidate: Candidate,
  part: readonly Example[],
  {
    seed,
    journal,
    metric,
    judge,
    aside,
  }: Pick<SearchOptions, 'seed' | 'journal'> & Pick<SearchResult, 'metric' | 'judge' | 'aside'>,
): Promise<{ trial: Trial; again: boolean }> {
  const folds = foldsFor(profile, part, seed);
  const key = `${candidate.key} n=${part.length} folds=${folds.count}`;
  const known = await journal.get(key);
  const { outputs: all, tokensPerRecord } = known ?? (await candidate.heldOut(part, folds.assigned));
  if (known === null) await journal.set(key, { outputs: all, tokensPerRecord });
  const asked = Array.from(part.keys()).filter((i) => !aside.has(part[i] as Example));
  const examples = asked.map((i) => part[i] as Example);
  const outputs = decideHeldOut(
    profile,
    examples,
    asked.map((i) => all[i] as Output),
    asked.map((i) => folds.assigned[i] as number),
  );
  const prepared = prepare(profile, examples, outputs, metric);
  const [interval = null] = bootstrapIntervals([prepared], { seed, resamples: intervalResamples });
  return {
    again: known !== null,
    trial: {
      key: candidate.key,
      title: candidate.title,
      complexity: candidate.complexity,
      layers: candidate.layers,
      examples,
      n: examples.length,
      folds: folds.count,
      score: prepared.value() ?? 0,
      interval,
      merit: meritOf(judge, (judge === metric ? prepared : prepare(profile, examples, outputs, judge)).value()),
      tokensPerRecord,
      prefixTokens: candidate.prefixTokens ?? 0,
      outputs,
    },
  };
}

export function prepare(
  { labels, multiLabel }: TaskProfile,
  examples: readonly Example[],
  outputs: readonly Output[],
  metric: Metric,
): PreparedMetric {
  return metric.prepare(pairsOf(examples, outputs), { labels: labels.map(({ name }) => name), multiLabel });
}

/** Higher is better, whatever the measure is. */
export function meritOf({ better }: Metric, value: number | null): number {
  if (value === null) return Number.NEGATIVE_INFINITY;
  return better === 'lower' ? -value : value;
}

/** The value of what candidates are compared by. */
export function judgedValue({ better }: Metric, { merit }: Trial): number {
  return better === 'lower' ? -merit : merit;
}

/** Examples and what was said of them, in order; what was not said has failed. */
export function pairsOf(examples: readonly Example[], outputs: readonly Output[]): Pair[] {
  return examples.map(({ record, gold }, i) => ({
    id: record.id,
    text: record.text,
    gold,
    output: outputs[i] ?? null,
  }));
}

/**
 * The better half, at least two so that there is a choice. The best comes first: where the budget ends a round early,
 * what was measured in it is what is chosen among.
 */
function betterHalf(alive: readonly Candidate[], measured: ReadonlyMap<Candidate, Trial>): Candidate[] {
  const merit = (candidate: Candidate) => measured.get(candidate)?.merit ?? Number.NEGATIVE_INFINITY;
  const ranked = [...alive].sort((a, b) => merit(b) - merit(a) || a.complexity - b.complexity);
  // What is measured only, as a baseline, is cheap and goes through all rounds.
  const kept = ranked.slice(0, Math.max(2, Math.ceil(ranked.length / 2)));
  return ranked.filter((candidate) => kept.includes(candidate) || candidate.finish === null);
}

/**
 * Of the candidates measured on most examples, the simplest that is not clearly worse than the best, neither by what
 * they are compared by nor by the score: the interval of one standard error of the paired difference holds 0, or of two
 * where the best is much dearer (the rule of L. Breiman et al., "Classification and Regression Trees", 1984, 3.4.3,
 * with the difference in place of the value). Of several that are as simple, the best of the cheap ones.
 */
function decide(
  profile: TaskProfile,
  measured: ReadonlyMap<Candidate, Trial>,
  { metric, judge }: Pick<SearchResult, 'metric' | 'judge'>,
  { seed, take }: Pick<SearchOptions, 'seed' | 'take'>,
): Pick<SearchResult, 'trials' | 'chosen' | 'best' | 'bestCandidate'> {
  const all = [...measured].sort(([, a], [, b]) => b.n - a.n || b.merit - a.merit || a.complexity - b.complexity);
  const usable = all.filter(([candidate]) => candidate.finish !== null);
  const [first] = usable;
  if (first === undefined) throw new SlmError('interrupted', 'interrupted before anything was measured');
  const [bestCandidate, best] = first;
  const { examples } = best;
  const asGood = usable.filter(([, trial]) => {
    if (trial.n !== best.n) return false;
    if (trial === best) return true;
    if (take === 'best') return false;
    const level = costOf(best) > muchDearer * costOf(trial) ? twoErrors : oneError;
    return [...new Set([judge, metric])].every((measure) => {
      const [reference, other] = [best, trial].map(({ outputs }) => prepare(profile, examples, outputs, measure));
      const [first, second] = measure.better === 'lower' ? [other, reference] : [reference, other];
      const difference = pairedDifference(first as PreparedMetric, second as PreparedMetric, {
        seed,
        resamples: 300,
        level,
      });
      return difference !== null && difference.interval.low <= 0;
    });
  });
  const simplest = Math.min(...asGood.map(([, { complexity }]) => complexity));
  const simple = asGood.filter(([, { complexity }]) => complexity === simplest);
  const cheapest = Math.min(...simple.map(([, trial]) => costOf(trial)));
  const [chosen] = simple.find(([, trial]) => costOf(trial) <= cheap * cheapest) ?? first;
  return { trials: all.map(([, trial]) => trial), chosen, best, bestCandidate };
}

/** Shares of a normal distribution within one and two standard errors. */
const oneError = 0.6827;
const twoErrors = 0.9545;
/** What costs so many times as much for each record has to be better beyond doubt. */
const muchDearer = 2.5;
/** What costs up to so many times as much as the cheapest is cheap, too: the better one is taken then. */
const cheap = 1.25;

/** More labels need more examples before anything can be said. */
function firstRoundOf({ type, labels }: TaskProfile): number {
  return type === 'classify' ? Math.max(firstRound, labels.length * 12) : firstRound;
}

/** A shuffled order in which every beginning has each label's share. */
function inRounds(profile: TaskProfile, examples: readonly Example[], seed: number): Example[] {
  const shuffled = shuffle(examples, createRandom(seed));
  if (profile.type !== 'classify') return shuffled;
  const byLabel = new Map<string, Example[]>();
  for (const example of shuffled) {
    const label = labelOf(example);
    byLabel.set(label, [...(byLabel.get(label) ?? []), example]);
  }
  const placed = [...byLabel.values()].flatMap((list) =>
    list.map((example, i) => ({ example, at: (i + 0.5) / list.length })),
  );
  return placed.sort((a, b) => a.at - b.at).map(({ example }) => example);
}

/** Folds of the examples: by label where they have one, and passages in one fold with all their questions. */
function foldsFor(profile: TaskProfile, examples: readonly Example[], seed: number) {
  const count = examples.length < 40 ? Math.max(2, Math.min(10, examples.length)) : examples.length > 500 ? 3 : 5;
  const labels = new Map<string, number>();
  const strata = examples.map((example) => {
    const label = labelOf(example);
    const index = labels.get(label) ?? labels.size;
    labels.set(label, index);
    return index;
  });
  const groups =
    profile.type === 'answer'
      ? examples.map(({ record }, i) => String(record.fields.context ?? record.fields.source ?? i))
      : undefined;
  const assigned = assignFolds(strata, { folds: count, seed, ...(groups === undefined ? {} : { groups }) });
  return { assigned, count };
}
