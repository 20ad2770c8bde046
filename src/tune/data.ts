import { createHash } from 'node:crypto';
import { usageError } from '../errors.js';
import { findLeak } from '../profile/leaks.js';
import { placeOf } from '../record.js';
import { taskTypes } from '../task-types/index.js';
import type { Engine, Example, TaskProfile } from '../types.js';

/** Labelled data that can be tuned on, and what was to be said about it. */
export interface TuningData {
  readonly examples: readonly Example[];
  readonly notices: readonly string[];
  /** Digest of texts and gold, in order. */
  readonly sha256: string;
}

/** With fewer examples than this, nothing can be held out. */
const fewest = 6;
/** With fewer, figures are so wide that most choices cannot be told apart. */
const few = 50;

/**
 * Examples fit to learn from: without empty texts, repetitions and contradictions.
 * @param fixtures what the task is measured on in the end; none of it may be learned
 * @throws SlmError when they are too few, all alike, or also stand among the fixtures
 */
export function tuningData(profile: TaskProfile, given: readonly Example[], fixtures: readonly Example[]): TuningData {
  const notices: string[] = [];
  const leak = findLeak(profile.type, given, fixtures);
  if (leak !== null) {
    throw usageError(
      `${placeOf(leak.example.record.origin)}: this example is also a fixture (${placeOf(leak.fixture.record.origin)}).`,
      'What is measured must not be learned. Remove it from one of the two.',
    );
  }
  const filled = given.filter(({ record }) => record.text.trim() !== '');
  if (filled.length < given.length) notices.push(`${given.length - filled.length} empty texts are left out`);
  const { kept, repeated, contradicting } = withoutRepetitions(profile, filled);
  if (repeated > 0) notices.push(`${repeated} repetitions are left out`);
  if (contradicting.length > 0) {
    const [first] = contradicting as [Example];
    notices.push(
      `${contradicting.length} texts have different labels in different places and are left out; the first is at ${placeOf(first.record.origin)}`,
    );
  }
  checkEnough(kept, notices);
  const golds = kept.map(({ gold }) => gold);
  notices.push(...taskTypes[profile.type].checkExamples(golds, profile));
  if (kept.length < few) {
    notices.push(
      `with ${kept.length} examples, figures are rough and close candidates cannot be told apart: read the intervals, and label more where they are wide`,
    );
  }
  return { examples: kept, notices, sha256: digestOf(kept) };
}

/**
 * @param reasons why there are no more
 * @throws SlmError when they are too few
 */
export function checkEnough(examples: readonly Example[], reasons: readonly string[]): void {
  if (examples.length < fewest) {
    const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
    throw usageError(
      `${examples.length} examples to tune on${why}; at least ${fewest} are needed, and 50 to 200 are a good start.`,
      'Label more, or use the task as it is.',
    );
  }
}

/**
 * The examples whose text a prompt can hold twice: longer ones are read in pieces when the task runs, but nothing is
 * learned from pieces.
 */
export function fittingTexts(
  examples: readonly Example[],
  engine: Pick<Engine, 'countTokens' | 'model'>,
): { readonly examples: readonly Example[]; readonly notice: string | null } {
  const most = Math.floor(engine.model.contextSize / 2) - 32;
  // No token is shorter than a byte, so most texts need no counting.
  const fits = ({ record: { text } }: Example) =>
    Buffer.byteLength(text) < most || engine.countTokens(` ${text}`) <= most;
  const short = examples.filter(fits);
  const [first] = examples.filter((example) => !fits(example));
  if (first === undefined) return { examples, notice: null };
  const count = examples.length - short.length;
  const notice = `${count} texts have more than ${most} tokens and are left out; the first is at ${placeOf(first.record.origin)}`;
  return { examples: short, notice };
}

function withoutRepetitions(profile: TaskProfile, examples: readonly Example[]) {
  const { goldKey } = taskTypes[profile.type];
  const seen = new Map<string, Example>();
  const contradicting = new Map<string, Example>();
  let repeated = 0;
  for (const example of examples) {
    const key = contentOf(profile, example);
    const known = seen.get(key);
    if (known === undefined) {
      seen.set(key, example);
      continue;
    }
    if (goldKey(known.gold) === goldKey(example.gold)) repeated++;
    else if (!contradicting.has(key)) contradicting.set(key, known);
  }
  const kept = [...seen].filter(([key]) => !contradicting.has(key)).map(([, example]) => example);
  return { kept, repeated, contradicting: [...contradicting.values()] };
}

function contentOf({ type }: TaskProfile, { record }: Example): string {
  return JSON.stringify([record.text.trim(), ...taskTypes[type].passageOf(record)]);
}

function digestOf(examples: readonly Example[]): string {
  const hash = createHash('sha256');
  for (const { record, gold, taught } of examples) {
    const said = taught === undefined ? [] : [taught.scores, taught.weight];
    hash.update(`${JSON.stringify([record.text, record.fields.context, gold, ...said])}\n`);
  }
  return hash.digest('hex');
}
