import { isUnsure, isUnsureOutput } from '../../methods/teaching.js';
import { bootstrapIntervals } from '../../metrics/bootstrap.js';
import { predict } from '../../predict.js';
import { prepare } from '../../tune/measure.js';
import type { TuneResult } from '../../tune/tune.js';
import type { Document, Example, Output, TaskProfile } from '../../types.js';
import type { TaskFlags } from '../opening/flags.js';
import { openTaskFor } from '../opening/open-cascade.js';
import type { Surroundings } from '../surroundings.js';
import type { TeacherLabels } from './label-texts.js';

/** A score with its interval of 95 %. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The cost of a teacher, and how close its pupil has come. */
export interface Taught {
  readonly teacher: string;
  /** Texts that were given, and those of them that the teacher has labelled. */
  readonly texts: number;
  readonly labelled: number;
  /** Texts and rows that the teacher could not do. */
  readonly failed: number;
  /** Number and time of the labels that were not kept from an earlier run. */
  readonly fresh: number;
  readonly seconds: number;
  readonly tokens: number;
  /** Paid to a service; null where nothing is known of it, or nothing was paid. */
  readonly money: number | null;
  /** How far the pupil says what the teacher says, held out; by the metric of the search. */
  readonly agreement: Figure & { readonly n: number };
  /** Texts that are close for the teacher, and those that are for the pupil, too. */
  readonly unsure: { readonly teacher: number; readonly both: number };
  /**
   * Figures on labelled rows that the pupil has not learned from: those `n` that the teacher could do, so that both are
   * judged by the same rows; it failed at `failed` more. Null without any.
   */
  readonly judged: {
    readonly n: number;
    readonly failed: number;
    readonly teacher: Figure;
    readonly pupil: Figure | null;
  } | null;
  /** Records a second; null where it was not measured. */
  readonly speed: { readonly teacher: number | null; readonly pupil: number | null };
}

/** Texts that the speed of the pupil is measured on, where there are no labelled rows. */
const timed = 100;

/** @param flags null where the pupil is not what a run goes by: it is not measured then */
export async function judgePupil(
  surroundings: Surroundings,
  profile: TaskProfile,
  result: TuneResult,
  labels: TeacherLabels,
  gold: readonly Example[],
  seed: number,
  documents: readonly Document[],
  flags: TaskFlags | null,
): Promise<Taught> {
  const { after, search } = result;
  const figureOf = (examples: readonly Example[], outputs: readonly Output[]): Figure => {
    const prepared = prepare(profile, examples, outputs, search.metric);
    const [interval] = bootstrapIntervals([prepared], { seed });
    const value = prepared.value() ?? 0;
    return { value, low: interval?.low ?? value, high: interval?.high ?? value };
  };
  const outputsByExample = new Map(after.examples.map((example, i) => [example, after.outputs[i] as Output]));
  const close = after.examples.filter(({ taught }) => isUnsure(profile, taught?.scores ?? {}));
  const asked = gold.length > 0 ? gold : labels.examples.slice(0, timed);
  const pupil = flags === null ? null : await outputsOfPupil(surroundings, profile, asked, documents, flags);
  const { usage } = labels;
  return {
    teacher: labels.teacher,
    texts: labels.texts,
    labelled: labels.examples.length,
    failed: labels.failed,
    fresh: labels.fresh,
    seconds: labels.seconds,
    tokens: usage.evaluatedTokens + usage.generatedTokens,
    money: usage.money ?? null,
    agreement: {
      value: after.score,
      low: after.interval?.low ?? after.score,
      high: after.interval?.high ?? after.score,
      n: after.n,
    },
    unsure: {
      teacher: close.length,
      both: close.filter((example) => isUnsureOutput(profile, outputsByExample.get(example) as Output)).length,
    },
    judged: judgedOn(gold, labels, pupil?.outputs ?? null, figureOf),
    speed: {
      teacher: labels.fresh === 0 ? null : labels.fresh / labels.seconds,
      pupil: pupil === null ? null : asked.length / pupil.seconds,
    },
  };
}

/** Figures of teacher and pupil on the same rows: those that the teacher could do. */
export function judgedOn(
  gold: readonly Example[],
  { goldOutputs, correction }: Pick<TeacherLabels, 'goldOutputs' | 'correction'>,
  pupil: readonly Output[] | null,
  figureOf: (examples: readonly Example[], outputs: readonly Output[]) => Figure,
): Taught['judged'] {
  const done = Array.from(gold.keys()).filter((i) => goldOutputs[i] != null);
  if (done.length === 0) return null;
  const ofDone = <T>(all: readonly T[]): T[] => done.map((i) => all[i] as T);
  return {
    n: done.length,
    failed: gold.length - done.length,
    // The correction was fitted on just these rows, each held out.
    teacher: figureOf(ofDone(gold), correction?.heldOut ?? ofDone(goldOutputs as Output[])),
    pupil: pupil === null ? null : figureOf(ofDone(gold), ofDone(pupil)),
  };
}

/** Null where that was interrupted: the settings are installed by now, and the report says so. */
async function outputsOfPupil(
  surroundings: Surroundings,
  profile: TaskProfile,
  examples: readonly Example[],
  documents: readonly Document[],
  flags: TaskFlags,
): Promise<{ readonly outputs: readonly Output[]; readonly seconds: number } | null> {
  const { now, signal } = surroundings;
  try {
    const { task, close } = await openTaskFor(surroundings, profile, flags, 'many', documents);
    try {
      const records = examples.map(({ record }) => record);
      const outputs: Output[] = [];
      const start = now();
      for await (const { output } of predict(task, records, { explain: false, now, signal })) {
        outputs.push(output as Output);
      }
      return signal.aborted ? null : { outputs, seconds: (now() - start) / 1000 };
    } finally {
      await close();
    }
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}
