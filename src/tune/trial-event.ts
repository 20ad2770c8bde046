import type { Trial } from '../methods/candidates/types.js';

/** Events of a search. */
export type TrialEvent =
  | { readonly kind: 'begin'; readonly title: string; readonly n: number }
  | { readonly kind: 'end'; readonly trial: Trial; readonly seconds: number; readonly again: boolean }
  | { readonly kind: 'skip'; readonly title: string; readonly reason: string }
  /** Work after the search. */
  | { readonly kind: 'stage'; readonly title: string };
