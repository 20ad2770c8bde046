import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { makeFolder } from '../folders.js';
import { replaceFile } from '../replace-file.js';
import { readSettingsText } from '../settings-file.js';
import { parseYaml } from '../yaml.js';

const stage = z.strictObject({
  model: z.string(),
  modelSha256: z.string().nullable(),
  /** Digest of the task with what was tuned for this model. */
  settings: z.string(),
  /** Certainty from which its output is the result; absent for the last one. */
  atLeast: z.number().min(0).max(1).optional(),
});

/** The cascade that `slm cascade` chose for a task. */
const schema = z.strictObject({
  format: z.literal(1),
  task: z.string(),
  stages: z.array(stage).min(2),
  data: z.strictObject({ file: z.string(), n: z.int() }),
  metric: z.string(),
  /** The goal that was asked for. */
  goal: z.string(),
  /** The figure on the data that the cascade was chosen on, so a little too good. */
  value: z.number(),
  /** Time beside that of the last model alone. */
  timeShare: z.number(),
});

export type CascadeSettings = z.infer<typeof schema>;

/** Where the thresholds of a cascade stand, in a folder of tuned settings. */
export function cascadeFile(folder: string, models: readonly string[]): string {
  return path.join(folder, 'cascades', `${models.map(fileNameOf).join('+')}.yaml`);
}

/**
 * A model in the name of a file: its name, or that of its file. Addresses end alike (`…/v1`), so that they are told apart
 * by a digest.
 */
function fileNameOf(model: string): string {
  // A single letter is a drive of Windows.
  if (!/^[a-z]{2,}:/u.test(model)) return path.basename(model, '.gguf');
  const readable = model.replace(/@.*$|#.*$/gu, '').replace(/[^\w.-]+/gu, '-');
  return `${readable.slice(0, 60)}-${createHash('sha256').update(model).digest('hex').slice(0, 8)}`;
}

/** Finds the settings in the first folder that has some; null where none has. */
export function findCascadeSettings(
  folders: readonly string[],
  models: readonly string[],
): { readonly file: string; readonly settings: CascadeSettings } | null {
  const file = folders.map((folder) => cascadeFile(folder, models)).find((candidate) => existsSync(candidate));
  if (file === undefined) return null;
  const text = readSettingsText(file, file);
  return { file, settings: parseYaml(text, file, schema, 'Choose the thresholds again with `slm cascade`.').value };
}

/** @returns the path of the file */
export function writeCascadeSettings(folder: string, models: readonly string[], settings: CascadeSettings): string {
  const file = cascadeFile(folder, models);
  makeFolder(path.dirname(file));
  replaceFile(
    file,
    `# What \`slm cascade ${settings.task}\` chose.\n${stringify(schema.parse(settings), { lineWidth: 120 })}`,
  );
  return file;
}
