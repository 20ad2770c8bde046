import type { Task } from '../predict.js';
import { taskTypes } from '../task-types/index.js';
import type { Pair } from '../types.js';
import type { StageReport } from './report.js';

/** The part that each model of a cascade had in the results. */
export function stageReports(stages: readonly Task[], pairs: readonly Pair[]): StageReport[] {
  const answeredBy = pairs.map(({ output }) => stages.findIndex(({ stage }) => stage?.model === output?.model));
  return stages.flatMap(({ stage, profile }, at) => {
    if (stage === undefined) return [];
    const own = pairs.filter((_, i) => answeredBy[i] === at);
    return [
      {
        model: stage.model,
        atLeast: stage.atLeast,
        // A record that failed has no model that answered: it is not counted for any.
        asked: answeredBy.filter((by) => by >= at).length,
        answered: own.length,
        right: own.filter((pair) => taskTypes[profile.type].correct(pair)).length,
        seconds: stage.seconds(),
      },
    ];
  });
}
