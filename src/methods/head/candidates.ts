import type { Plan } from '../types.js';
import { classifierPlan } from './classifier-plan.js';
import { taggerPlan } from './tagger-candidates.js';

/** A classifier over the states after a prompt, or a tagger of words. */
export const plan: Plan = (session, examples, options) =>
  (session.profile.type === 'extract' ? taggerPlan : classifierPlan)(session, examples, options);
