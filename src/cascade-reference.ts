import { usageError } from './errors.js';

/** A model of a cascade as it is spoken of. */
export interface CascadeStage {
  readonly model: string;
  /** How sure it must be for its output to be the result; null where that was chosen on data, or for the last one. */
  readonly atLeast: number | null;
}

const scheme = 'cascade:';

/** The reference of a cascade of these models. */
export function cascadeReference(models: readonly string[]): string {
  return `${scheme}${models.join('+')}`;
}

/**
 * The models that a reference such as `cascade:A+B` or `cascade:A@0.9+B` names, the one asked first at the beginning;
 * null where it names a single model.
 * @throws SlmError of kind `usage` where it is a cascade that cannot be
 */
export function cascadeOf(reference: string): readonly CascadeStage[] | null {
  if (!reference.startsWith(scheme)) return null;
  const parts = reference.slice(scheme.length).split('+');
  const stages = parts.map((part): CascadeStage => {
    const [, model = part, atLeast] = /^(.+)@(-?(?:\d+(?:\.\d+)?|\.\d+))$/u.exec(part.trim()) ?? [];
    return { model: model.trim(), atLeast: atLeast === undefined ? null : Number(atLeast) };
  });
  const form = 'Write it as cascade:SMALL+LARGE, or with thresholds cascade:SMALL@0.9+LARGE.';
  const wrong = (what: string) => usageError(`the cascade "${reference}" ${what}`, form);
  if (stages.length < 2) throw wrong('has only one model');
  if (stages.some(({ model }) => model === '' || model.startsWith(scheme))) throw wrong('has a part without a model');
  if (new Set(stages.map(({ model }) => model)).size < stages.length) throw wrong('has a model twice');
  if (stages.some(({ atLeast }) => atLeast !== null && !(atLeast >= 0 && atLeast <= 1))) {
    throw wrong('has a threshold that is not between 0 and 1');
  }
  if (stages.at(-1)?.atLeast != null) throw wrong('has a threshold for its last model, which answers all that is left');
  const given = stages.slice(0, -1).filter(({ atLeast }) => atLeast !== null).length;
  if (given > 0 && given < stages.length - 1) throw wrong('has a threshold for some of its models only');
  return stages;
}

/** The models that a reference names: one, or those of a cascade. */
export function modelsOf(reference: string): readonly string[] {
  return cascadeOf(reference)?.map(({ model }) => model) ?? [reference];
}
