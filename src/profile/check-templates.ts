import { messageOf, usageError } from '../errors.js';
import { compileTemplate } from '../template.js';
import type { Label } from '../types.js';
import type { Locate } from '../yaml.js';
import type { RawProfile } from './schema.js';

/** Stands for the text of a field; no template has it. */
const placeholder = '\u{F0000}field\u{F0001}';

/**
 * Renders each template that a task writes, as a run would: an unknown filter or a loop without end is found by that
 * alone. A template is wrong where it fails with the main input alone and with all that it names.
 * @param input name of the main input
 * @returns what is valid but looks like a slip
 * @throws SlmError of kind `usage` with the place of the first template that every run would refuse
 */
export function checkTemplates(raw: RawProfile, input: string, labels: readonly Label[], at: Locate): string[] {
  const words = labels.map(({ name, description, word }) => ({ name, description, word }));
  const notes: string[] = [];
  for (const { path, source } of templatesOf(raw)) {
    const name = `prompt.${path.join('.')}`;
    const place = at(['prompt', ...path]);
    const inputs = path[0] === 'instruction' ? [] : [input];
    const { texts, errors } = renderings(source, inputs, words);
    if (texts.length === 0) {
      const [error] = errors;
      throw usageError(
        `${place}: ${name} is not a valid Jinja template: ${messageOf(error)}`,
        'See docs/tasks.md for what a template may use.',
        error,
      );
    }
    // An instruction is the same for all texts.
    if (inputs.length > 0 && !texts.some((text) => text.includes(placeholder))) {
      notes.push(
        `${place}: ${name} has no field of the input, so every text gets the same prompt. Use {{ ${input} }}.`,
      );
    }
    if (inputs.length > 0 && errors.length > 0)
      notes.push(`${place}: ${name} fails for some records: ${messageOf(errors[0])}`);
  }
  return notes;
}

function templatesOf({ prompt }: RawProfile): { path: (string | number)[]; source: string }[] {
  const named = (['instruction', 'base', 'chat'] as const).flatMap((key) => {
    const source = prompt[key];
    return source === undefined ? [] : [{ path: [key], source }];
  });
  return [...named, ...(prompt.variants ?? []).map((source, i) => ({ path: ['variants', i], source }))];
}

/** The template with the main input alone, and with a text for every name in it: a field can be missing or there. */
function renderings(source: string, inputs: readonly string[], labels: readonly object[]) {
  const texts: string[] = [];
  const errors: unknown[] = [];
  const named = inputs.length === 0 ? [] : (source.match(/[\p{L}_][\p{L}\d_]*/gu) ?? []).filter(isField);
  for (const fields of [inputs, [...inputs, ...named]]) {
    try {
      const values = Object.fromEntries(fields.map((field) => [field, placeholder]));
      texts.push(compileTemplate(source).render({ ...values, labels }));
    } catch (error) {
      errors.push(error);
    }
  }
  return { texts, errors };
}

/** Names that mean something else than a field in a template. */
const otherNames = new Set(['true', 'false', 'none', 'True', 'False', 'None', 'raise_exception', 'range', 'labels']);

function isField(name: string): boolean {
  return !otherNames.has(name);
}
