import { z } from 'zod';
import { modelKey } from '../model-key.js';
import { createSearch } from '../passage-spans/passage-reading.js';
import { spread, startPool } from '../start-calibration.js';
import type { MethodContext } from '../types.js';
import type { VerdictOptions } from './options.js';
import type { VerdictReader } from './verdict-reader.js';
import { goldVerdict, verdictExamples } from './verdicts.js';
import { fitWeighing, plainWeighing, type Weighing, weighingShape } from './weighing.js';

/** Fitted on the examples of the profile, once, then from the cache; none with too few of them. */
export async function startWeighing(
  context: MethodContext<'scores'>,
  options: VerdictOptions,
  reader: VerdictReader,
): Promise<Weighing> {
  const { profile, engine, cache } = context;
  const { verdicts } = options;
  const plain = plainWeighing(
    reader.views.filter((view) => view !== 'question'),
    verdicts.length,
  );
  const shown = new Set(verdictExamples(profile.examples, options));
  const known = profile.examples.filter((example) => goldVerdict(example, verdicts) !== -1 && !shown.has(example));
  const all = spread(known, options.poolSize);
  if (all.length < smallestPool) return plain;
  const key = ['verdicts 5', modelKey(engine), profile.digest].join(' ');
  const kept = keptSchema.safeParse(await cache.get(key));
  if (kept.success && kept.data.bias.length === verdicts.length) return kept.data;
  const search = createSearch(await context.ownDocuments(), options);
  const readable = all.flatMap((example) => {
    const window = reader.windowFor(search(example.record), example.record);
    return window === undefined ? [] : [{ example, window }];
  });
  const tokensOf = ({ example, window }: (typeof readable)[0]) =>
    reader.ask(example.record, window).prompt.input.length;
  const pool = startPool(context, readable, tokensOf);
  if (pool.length < smallestPool) {
    context.onShortened?.(0, readable.length);
    return plain;
  }
  let done = 0;
  const scores = await Promise.all(
    pool.map(async ({ example, window }) => {
      const { scores: scored } = await reader.score(example.record, window, plain.views);
      context.onProgress('calibrating', ++done, pool.length);
      return scored;
    }),
  );
  const weighing = fitWeighing(
    plain.views,
    scores,
    pool.map(({ example }) => goldVerdict(example, verdicts)),
  );
  await cache.set(key, weighing);
  if (pool.length < readable.length) context.onShortened?.(pool.length, readable.length);
  return weighing;
}

const smallestPool = 16;
const keptSchema = z.object(weighingShape);
