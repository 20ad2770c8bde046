import { bestFirst, type Decision } from './best-f1.js';

/** The share of right results when only the records with the highest scores get one. */
export interface CoveragePoint {
  /** Share of all records that get a result. */
  readonly coverage: number;
  /** Results below this score are held back; null where fewer records get a result than the coverage asks for. */
  readonly threshold: number | null;
  /** Share of the results given that are right. */
  readonly right: number | null;
}

const reported = [0.25, 0.5, 0.75, 1] as const;

/**
 * The risk–coverage curve at a few coverages, as the share that is right (1 − selective risk): R. El-Yaniv, Y. Wiener,
 * "On the Foundations of Noise-free Selective Classification", JMLR 11, 2010. Equal scores are given together, so the
 * coverage of a point may be a little more than was asked for.
 * @param given the results that were not held back
 * @param records all records, those without a result and failed ones, too
 */
export function riskCoverage(given: readonly Decision[], records: number): CoveragePoint[] {
  const sorted = bestFirst(given);
  return reported.map((coverage) => {
    const wanted = Math.ceil(coverage * records);
    const last = sorted[wanted - 1];
    if (last === undefined) return { coverage, threshold: null, right: null };
    const passed = sorted.filter(({ score }) => score >= last.score);
    return {
      coverage: passed.length / records,
      threshold: last.score,
      right: passed.filter(({ right }) => right).length / passed.length,
    };
  });
}
