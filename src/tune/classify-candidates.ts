import type { Example } from '../types.js';
import { headCandidates } from './head-candidates.js';
import { lexicalCandidate } from './lexical-candidate.js';
import { scoreCandidates } from './score-candidates.js';
import type { Candidate, TuneSession } from './types.js';

/** Every way to classify that is tried, the cheap ones first. */
export function classifyCandidates(session: TuneSession, examples: readonly Example[]): Candidate[] {
  const { profile } = session;
  return [
    lexicalCandidate(profile, session.seed),
    ...(profile.multiLabel ? [] : scoreCandidates(session, examples)),
    ...headCandidates(session, examples),
  ];
}
