import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, usageError } from '../errors.js';
import { decodeHead, digestOfBytes } from '../heads/head-file.js';
import { methodNamed } from '../methods/index.js';
import { readSettings, readSettingsText } from '../settings-file.js';
import type { TaskProfile } from '../types.js';
import { parseYaml } from '../yaml.js';
import { shownPath } from './paths.js';

/** A number of a trial with its interval, as people read it. */
const figure = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });

/** The keys of a file of tuned settings. `slm tune` writes it; everything that runs a task reads it. */
export const tunedSettingsSchema = z.strictObject({
  format: z.literal(2),
  task: z.string(),
  model: z.string(),
  modelSha256: z.string().regex(/^[0-9a-f]{64}$/u),
  /** Digest of the profile that it was tuned for. */
  profile: z.string(),
  method: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
  /** The learned values of the method, by its own schema. */
  learned: z.record(z.string(), z.unknown()).default({}),
  /** The side file with numbers that the method has learned, beside this one. */
  numbers: z.strictObject({ file: z.string(), sha256: z.string() }).optional(),
  threshold: z.strictObject({ min: z.number().min(0).max(1), below: z.string() }).optional(),
  data: z.strictObject({
    file: z.string(),
    n: z.int(),
    sha256: z.string(),
    /** Which texts these were: see src/tune/seen.ts. Absent where they are the task's own examples. */
    texts: z.string().optional(),
    licence: z.string().optional(),
  }),
  seed: z.int(),
  /** The metric of the scores. */
  metric: z.string().optional(),
  scores: z.record(z.string(), figure).default({}),
  trials: z.array(z.record(z.string(), z.unknown())).default([]),
  /** The digest of all lines before it. */
  digest: z.string(),
});

export type TunedSettings = z.infer<typeof tunedSettingsSchema>;

/** Tuned settings with the file that they are in, as shown in messages. */
export interface FoundSettings {
  readonly file: string;
  readonly settings: TunedSettings;
}

/** Finds the settings for the model in the first folder that has some; null where none has. */
export function findTunedSettings(
  folders: readonly string[],
  model: string,
  cwd: string,
  task: string,
): FoundSettings | null {
  const file = folders.map((folder) => path.join(folder, `${model}.yaml`)).find((candidate) => existsSync(candidate));
  if (file === undefined) return null;
  const shown = shownPath(file, cwd);
  const text = readSettingsText(file, shown, maxSettingsBytes);
  const hint = again(task, model);
  checkDigest(text, shown, hint);
  if (!/^format: 2$/mu.test(text)) throw usageError(`${shown}: written by another version of slm.`, hint);
  const { value } = parseYaml(text, shown, tunedSettingsSchema, hint);
  return { file, settings: value };
}

/** Prompts that choose among a thousand examples come to a few of these. */
const maxSettingsBytes = 16 << 20;
const maxNumbersBytes = 256 << 20;

const digestLine = /^digest: ([0-9a-f]+)\r?\n?$/u;

/** The text with the digest of it as its last line. */
export function withDigest(text: string): string {
  return `${text}digest: ${digestOfText(text)}\n`;
}

/** A changed byte could change every result without a word: nobody edits these files. */
function checkDigest(text: string, shown: string, hint: string): void {
  const start = text.lastIndexOf('\n', text.trimEnd().length - 1) + 1;
  const digest = digestLine.exec(text.slice(start))?.[1];
  if (digest === undefined) {
    throw usageError(`${shown}: no digest in its last line; it is cut off, or an older version of slm wrote it.`, hint);
  }
  if (digest === digestOfText(text.slice(0, start))) return;
  throw usageError(`${shown}: changed since \`slm tune\` wrote it; its digest does not match.`, hint);
}

/** The same whatever ends a line is: some tools change that. */
function digestOfText(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}

function again(task: string, model: string): string {
  return `Tune the task again, remove the file with \`slm tune ${task} -m ${model} --reset\`, or run with --untuned.`;
}

/**
 * The profile as it was tuned for a model.
 * @throws SlmError where it was made for another profile or model, or its side file is another one
 */
export function withTunedSettings(
  profile: TaskProfile,
  { file, settings }: FoundSettings,
  modelSha256: string,
): TaskProfile {
  const hint = again(profile.name, settings.model);
  if (settings.modelSha256 !== modelSha256) {
    throw usageError(`${file}: made for another version of the model file of ${settings.model}.`, hint);
  }
  if (settings.profile !== profile.digest) {
    throw usageError(`${file}: the task "${profile.name}" has changed since it was tuned.`, hint);
  }
  const { learns, options } = methodNamed(settings.method);
  const { numbers, threshold } = settings;
  const checked = <T>(schema: z.ZodType<T>, key: 'options' | 'learned'): T => {
    const result = schema.safeParse(settings[key]);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw usageError(`${file}: "${[key, ...(issue?.path ?? [])].join('.')}": ${issue?.message}.`, hint);
  };
  const learned = checked<Readonly<Record<string, unknown>>>(learns?.schema ?? z.strictObject({}), 'learned');
  const digest = digestOfText(JSON.stringify([settings.method, settings.options, learned, threshold, numbers?.sha256]));
  const tuned: TaskProfile = {
    ...profile,
    method: settings.method,
    options: checked(options, 'options'),
    threshold: threshold ?? profile.threshold,
    digest: digestOfText(`${profile.digest} ${digest}`).slice(0, 32),
    tuned: {
      file,
      digest,
      learned,
      numbers:
        numbers === undefined ? null : readNumbers(path.join(path.dirname(file), numbers.file), numbers.sha256, hint),
    },
  };
  return learns?.apply?.(tuned) ?? tuned;
}

function readNumbersFile(file: string, hint: string): Buffer {
  try {
    return readSettings(file, file, maxNumbersBytes);
  } catch (error) {
    throw usageError(messageOf(error), hint, error);
  }
}

function readNumbers(file: string, sha256: string, hint: string) {
  const bytes = readNumbersFile(file, hint);
  if (digestOfBytes(bytes) !== sha256) throw usageError(`${file} is not the file that the tuned settings name.`, hint);
  try {
    return decodeHead(bytes);
  } catch (error) {
    throw usageError(`${file} cannot be read: ${messageOf(error)}`, hint, error);
  }
}
