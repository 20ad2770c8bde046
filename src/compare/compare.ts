import { figureOf } from '../evaluate/figures.js';
import { drawnValues, intervalFrom } from '../metrics/bootstrap.js';
import { holm } from '../metrics/holm.js';
import { type Drawn, differenceOf, mcNemar } from '../metrics/significance.js';
import type { Metric, PreparedMetric } from '../metrics/types.js';
import { chosenLabels } from '../task-types/among.js';
import { taskTypes } from '../task-types/index.js';
import { metricsFor } from '../task-types/metrics.js';
import type { Example, Pair, TaskProfile } from '../types.js';
import { frontierOf } from './frontier.js';
import { type PairedRecords, pairRecords, type Subject } from './paired-records.js';
import type { Comparison, Difference, MetricDifference, System, SystemPair } from './types.js';

/** A metric of a system: what it was made ready on, its value, and its values over the draws that all share. */
interface Measured {
  readonly prepared: PreparedMetric;
  readonly drawn: Drawn;
}

/**
 * Compares systems on the records that all of them have. Every system and metric sees the same draws of the bootstrap,
 * so that differences are paired.
 */
export function compare(
  profile: TaskProfile,
  examples: readonly Example[],
  subjects: readonly Subject[],
  seed: number,
): Comparison {
  const paired = pairRecords(examples, subjects);
  const suite = metricsFor(profile.type, profile.multiLabel);
  const metric = mainMetric(profile, paired.examples, suite);
  const context = { labels: chosenLabels(profile).map(({ name }) => name), multiLabel: profile.multiLabel };
  const measured = paired.pairs.map((pairs) => {
    const prepared = suite.map((one) => one.prepare(pairs, context));
    const drawn = drawnValues(prepared, seed);
    return prepared.map((one, m): Measured => ({ prepared: one, drawn: [one.value(), drawn[m] ?? []] }));
  });
  const systems = subjects.map(
    ({ name, report, file }, s): Omit<System, 'onFrontier'> => ({
      name,
      model: report.model.name,
      file,
      leftOut: report.records.length - paired.examples.length,
      figures: suite.map((one, m) => {
        const { prepared, drawn } = (measured[s] as Measured[])[m] as Measured;
        return figureOf(one, prepared, intervalFrom(...drawn));
      }),
      cost: report.speed.cost,
      latencyMs: report.speed.latencyMs,
    }),
  );
  const frontier = frontierOf(systems, metric);
  return {
    n: paired.examples.length,
    metric,
    seed,
    correction: 'holm',
    systems: systems.map((system) => ({ ...system, onFrontier: frontier.includes(system.name) })),
    pairs: withHolm(
      couples(subjects.length).map(([a, b]) => ({
        first: (subjects[a] as Subject).name,
        second: (subjects[b] as Subject).name,
        ...counts(paired, a, b),
        metrics: suite.map((one, m) =>
          metricDifference(one, (measured[a] as Measured[])[m] as Measured, (measured[b] as Measured[])[m] as Measured),
        ),
      })),
    ),
  };
}

/** The metric that tuning would use on these examples. */
function mainMetric(profile: TaskProfile, examples: readonly Example[], suite: readonly Metric[]): string {
  const name = taskTypes[profile.type].tuningMetric(
    profile.multiLabel,
    examples.map(({ gold }) => gold),
  );
  return (suite.find((metric) => metric.name === name) ?? (suite[0] as Metric)).name;
}

function couples(size: number): (readonly [number, number])[] {
  return Array.from({ length: size }, (_, a) =>
    Array.from({ length: size - a - 1 }, (_, step) => [a, a + step + 1] as const),
  ).flat();
}

function metricDifference(metric: Metric, first: Measured, second: Measured): Omit<MetricDifference, 'pHolm'> {
  const paired = differenceOf(first.drawn, second.drawn);
  const about = {
    name: metric.name,
    difference: paired?.difference ?? null,
    interval: paired?.interval ?? null,
  };
  const [ones, others] = [first.prepared.outcomes, second.prepared.outcomes];
  if (ones === null || others === null) return { ...about, test: 'bootstrap', p: paired?.p ?? null };
  const both = ones.flatMap((one, i) => {
    const other = others[i] ?? null;
    return one === null || other === null ? [] : [[one, other] as const];
  });
  const { p } = mcNemar(
    both.map(([one]) => one),
    both.map(([, other]) => other),
  );
  return { ...about, test: 'mcnemar', p: both.length === 0 ? null : p };
}

function withHolm(
  pairs: readonly (Omit<SystemPair, 'metrics'> & { metrics: readonly Omit<MetricDifference, 'pHolm'>[] })[],
): SystemPair[] {
  const names = pairs[0]?.metrics.map(({ name }) => name) ?? [];
  const adjusted = names.map((_, m) => holm(pairs.map(({ metrics }) => metrics[m]?.p ?? null)));
  return pairs.map((pair, i) => ({
    ...pair,
    metrics: pair.metrics.map((metric, m) => ({ ...metric, pHolm: adjusted[m]?.[i] ?? null })),
  }));
}

function counts({ pairs, results }: PairedRecords, a: number, b: number) {
  const [ones, others] = [results[a] ?? [], results[b] ?? []];
  const [first, second] = [pairs[a] ?? [], pairs[b] ?? []];
  const right = first.map((pair, i) => [isRight(pair), isRight(second[i] as Pair)] as const);
  const count = (x: boolean, y: boolean) => right.filter(([one, other]) => one === x && other === y).length;
  const same = ones.filter((one, i) => sameOutput(first[i] as Pair, one.output, others[i]?.output ?? null)).length;
  return {
    agreement: ones.length === 0 ? 0 : same / ones.length,
    onlyFirst: count(true, false),
    onlySecond: count(false, true),
    both: count(true, true),
    neither: count(false, false),
  };
}

function isRight(pair: Pair): boolean {
  return pair.output !== null && taskTypes[pair.gold.type].correct(pair);
}

function sameOutput({ gold }: Pair, one: Pair['output'], other: Pair['output']): boolean {
  const key = (output: Pair['output']) => (output === null ? null : taskTypes[gold.type].outputKey(output));
  return key(one) === key(other);
}

/** The records for which not all systems say the same, those that one of them has right first. */
export function differencesOf(examples: readonly Example[], subjects: readonly Subject[]): Difference[] {
  const { examples: common, pairs } = pairRecords(examples, subjects);
  const found = common.flatMap((example, i): Difference[] => {
    const here = pairs.map((list) => list[i] as Pair);
    const [first] = here;
    if (first === undefined || here.every(({ output }) => sameOutput(first, first.output, output))) return [];
    const definition = taskTypes[example.gold.type];
    const { file, line } = example.record.origin;
    return [
      {
        id: example.record.id,
        place: line === null ? file : `${file}:${line}`,
        text: example.record.text,
        gold: definition.describe(example.gold),
        said: Object.fromEntries(
          here.map((pair, s) => [
            (subjects[s] as Subject).name,
            {
              predicted: pair.output === null ? '(error)' : definition.describe(pair.output),
              score: pair.output === null ? null : definition.confidence(pair.output),
              correct: isRight(pair),
            },
          ]),
        ),
      },
    ];
  });
  const someRight = ({ said }: Difference) => Object.values(said).some(({ correct }) => correct);
  return [...found.filter(someRight), ...found.filter((one) => !someRight(one))];
}
