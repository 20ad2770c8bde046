import type { Candidate, CandidatePlan, PlanOptions, Trial, TuneSession } from '../methods/candidates/types.js';
import { methodNamed, methods } from '../methods/index.js';
import type { Method } from '../methods/types.js';
import { taskTypes } from '../task-types/index.js';
import type { Capability, Example } from '../types.js';
import { baselineCandidate } from './baseline-candidate.js';

export interface PlanRequest extends PlanOptions {
  /** Which candidates may be tried: all, those that work on hidden states, or the others. */
  readonly kind: 'auto' | 'head' | 'scores';
}

/** Every way to do a task that a method knows of, as far as it is asked for, and the best baseline. */
export async function planFor(
  session: TuneSession<never>,
  examples: readonly Example[],
  { kind, words }: PlanRequest,
): Promise<CandidatePlan> {
  const plans: CandidatePlan[] = [];
  const { type, method: own } = session.profile;
  const kinds = Object.values(taskTypes[type].answerKinds ?? {});
  for (const method of Object.values<Method>(methods)) {
    if (!method.taskTypes.includes(type)) continue;
    // A verdict is no copied span: which of them is asked for is the task's, not a matter of quality.
    if (method.name !== own && kinds.includes(method.name) && kinds.includes(own)) continue;
    if (!method.needs.every((need) => session.engine.capabilities.includes(need))) continue;
    // It has what the method needs.
    const able = session as TuneSession<Capability>;
    const plan = (await method.candidates?.())?.(able, examples, { words }) ?? null;
    if (plan !== null) plans.push(plan);
  }
  const wanted = (candidate: Candidate) =>
    isOfKind(candidate, kind) && (words || !candidate.words) && candidate.layers <= session.mostBlocks;
  const next = (trials: ReadonlyMap<Candidate, Trial>) => plans.flatMap((plan) => plan.next?.(trials) ?? []);
  return {
    candidates: [
      baselineCandidate(session, examples),
      ...inTurn(plans.flatMap(({ candidates }) => candidates).filter(wanted)),
    ],
    reserved: new Set(plans.flatMap(({ reserved }) => [...(reserved ?? [])])),
    next: (trials) => inTurn(next(trials).filter(wanted)),
  };
}

/** Heads are what works on hidden states, or on embeddings. */
function isOfKind({ method }: Candidate, kind: PlanRequest['kind']): boolean {
  if (kind === 'auto' || method === null) return true;
  return methodNamed(method).needs.some((need) => need === 'features' || need === 'embeddings') === (kind === 'head');
}

function inTurn(candidates: readonly Candidate[]): Candidate[] {
  return [...candidates].sort((a, b) => a.turn - b.turn);
}
