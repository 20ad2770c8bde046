import type { EngineUsage } from '../../types.js';

/** The statistics that `--stats` writes. */
export interface RunStats {
  readonly task: string;
  readonly model: string;
  /** In the output, those of earlier runs among them. */
  readonly records: number;
  readonly failed: number;
  readonly abstained: number;
  /** Statistics of this run alone. */
  readonly run: {
    readonly records: number;
    /** Found in the result cache. */
    readonly cached: number;
    readonly seconds: number;
    readonly recordsPerSecond: number;
    /** Null where a host has counted them together with those of others. */
    readonly tokensPerSecond: number | null;
    readonly tokens: EngineUsage | null;
    /** Largest resident memory of this process, bytes. */
    readonly peakRss: number;
    readonly interrupted: boolean;
  };
}

interface Measured extends Omit<RunStats, 'run'> {
  readonly runRecords: number;
  readonly cached: number;
  readonly seconds: number;
  readonly usage: EngineUsage | null;
  readonly peakRss: number;
  readonly interrupted: boolean;
}

export function runStats({ runRecords, cached, seconds, usage, peakRss, interrupted, ...job }: Measured): RunStats {
  const perSecond = (count: number) => (seconds > 0 ? Number((count / seconds).toFixed(2)) : 0);
  return {
    ...job,
    run: {
      records: runRecords,
      cached,
      seconds: Number(seconds.toFixed(3)),
      recordsPerSecond: perSecond(runRecords),
      tokensPerSecond: usage === null ? null : perSecond(usage.evaluatedTokens + usage.generatedTokens),
      tokens: usage,
      peakRss,
      interrupted,
    },
  };
}
