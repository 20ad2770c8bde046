import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, usageError } from '../errors.js';
import { decodeHead, digestOfBytes } from '../heads/head-file.js';
import { readSettings } from '../settings-file.js';
import type { TaskProfile, Tuning } from '../types.js';
import { parseYaml } from '../yaml.js';

/** A number of a trial with its interval, as people read it. */
const figure = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });

const shot = z.strictObject({ fields: z.record(z.string(), z.unknown()), label: z.string() });

/** What an overlay may hold. Written by `slm tune`, read by everything that runs a task. */
export const overlaySchema = z.strictObject({
  task: z.string(),
  model: z.string(),
  modelSha256: z.string().regex(/^[0-9a-f]{64}$/u),
  /** Digest of the profile that it was tuned for. */
  profile: z.string(),
  method: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
  prompt: z
    .strictObject({
      instruction: z.string(),
      base: z.string(),
      chat: z.string(),
      use: z.enum(['auto', 'base', 'chat']),
    })
    .optional(),
  /** What the model reads and is scored on for each label, by its name. */
  words: z.record(z.string(), z.string().min(1)).optional(),
  shots: z.array(shot).optional(),
  /** Further sets of examples, a prompt for each; label scores are averaged over all prompts. */
  moreShots: z.array(z.array(shot).min(1)).min(1).optional(),
  calibration: z.strictObject({ temperature: z.number().positive(), bias: z.array(z.number()) }).optional(),
  /** How candidate answers are judged. */
  judge: z.strictObject({ weights: z.array(z.number()), intercept: z.number() }).optional(),
  threshold: z.strictObject({ min: z.number().min(0).max(1), below: z.string() }).optional(),
  /** The side file with the numbers of a trained head, beside the overlay. */
  head: z.strictObject({ file: z.string(), sha256: z.string() }).optional(),
  data: z.strictObject({
    file: z.string(),
    n: z.int(),
    sha256: z.string(),
    /** Which texts these were: see src/tune/seen.ts. Absent where they are the task's own examples. */
    texts: z.string().optional(),
    licence: z.string().optional(),
  }),
  seed: z.int(),
  /** What the scores are. */
  metric: z.string().optional(),
  scores: z.record(z.string(), figure).default({}),
  trials: z.array(z.record(z.string(), z.unknown())).default([]),
  /** Of all that stands before it. */
  digest: z.string(),
});

export type Overlay = z.infer<typeof overlaySchema>;

/** An overlay with the file that it is in, as shown in messages. */
export interface FoundOverlay {
  readonly file: string;
  readonly overlay: Overlay;
}

/** The first of the folders that has an overlay for the model; null where none has. */
export function findOverlay(folders: readonly string[], model: string, cwd: string): FoundOverlay | null {
  const file = folders.map((folder) => path.join(folder, `${model}.yaml`)).find((candidate) => existsSync(candidate));
  if (file === undefined) return null;
  const relative = path.relative(cwd, file);
  const shown = relative.startsWith('..') ? file : relative;
  const text = readSettings(file, shown, maxOverlayBytes).toString('utf8');
  checkDigest(text, shown);
  const { value } = parseYaml(text, shown, overlaySchema, again);
  return { file, overlay: value };
}

/** Prompts that choose among a thousand examples come to a few of these. */
const maxOverlayBytes = 16 << 20;
const maxHeadBytes = 256 << 20;

const digestLine = /^digest: ([0-9a-f]+)\r?\n?$/u;

/** The text with the digest of it as its last line. */
export function withDigest(text: string): string {
  return `${text}digest: ${digestOfText(text)}\n`;
}

/** A changed byte could change every result without a word: nobody edits these files. */
function checkDigest(text: string, shown: string): void {
  const start = text.lastIndexOf('\n', text.trimEnd().length - 1) + 1;
  const digest = digestLine.exec(text.slice(start))?.[1];
  if (digest === undefined) {
    throw usageError(
      `${shown}: no digest in its last line; it is cut off, or an older version of slm wrote it.`,
      again,
    );
  }
  if (digest === digestOfText(text.slice(0, start))) return;
  throw usageError(`${shown}: not as \`slm tune\` wrote it; its digest is another one.`, again);
}

/** The same whatever ends a line is: some tools change that. */
function digestOfText(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}

const again = 'Tune the task again, remove the file with `slm tune TASK --reset`, or run with --untuned.';

/**
 * The profile as it was tuned for a model.
 * @throws SlmError where the overlay was made for another profile, another model, or its side file is another one
 */
export function withOverlay(profile: TaskProfile, { file, overlay }: FoundOverlay, modelSha256: string): TaskProfile {
  if (overlay.modelSha256 !== modelSha256) {
    throw usageError(`${file}: made for another file of the model ${overlay.model} than the one here.`, again);
  }
  if (overlay.profile !== profile.digest) {
    throw usageError(`${file}: the task "${profile.name}" has changed since it was tuned.`, again);
  }
  const tuned = tuningOf(file, overlay);
  return {
    ...profile,
    method: overlay.method,
    options: overlay.options,
    prompt: overlay.prompt ?? profile.prompt,
    labels: profile.labels.map((label) => ({ ...label, word: overlay.words?.[label.name] ?? label.word })),
    threshold: overlay.threshold ?? profile.threshold,
    digest: createHash('sha256').update(`${profile.digest} ${tuned.digest}`).digest('hex').slice(0, 32),
    tuned,
  };
}

function tuningOf(file: string, overlay: Overlay): Tuning {
  const { method, options, prompt, words, shots, moreShots, calibration, judge, threshold, head } = overlay;
  return {
    file,
    digest: createHash('sha256')
      .update(
        JSON.stringify([
          ...[method, options, prompt, shots, calibration, threshold, head?.sha256],
          ...(moreShots === undefined ? [] : [moreShots]),
          ...(judge === undefined ? [] : [judge]),
          ...(words === undefined ? [] : [words]),
        ]),
      )
      .digest('hex'),
    shots: shots ?? null,
    ...(moreShots === undefined ? {} : { moreShots }),
    calibration: calibration ?? null,
    judge: judge ?? null,
    head: head === undefined ? null : readHead(path.join(path.dirname(file), head.file), head.sha256),
  };
}

function readHeadFile(file: string): Buffer {
  try {
    return readSettings(file, file, maxHeadBytes);
  } catch (error) {
    throw usageError(messageOf(error), again, error);
  }
}

function readHead(file: string, sha256: string) {
  const bytes = readHeadFile(file);
  if (digestOfBytes(bytes) !== sha256) throw usageError(`${file} is not the file that its overlay names.`, again);
  try {
    return decodeHead(bytes);
  } catch (error) {
    throw usageError(`${file} is no head: ${messageOf(error)}`, again, error);
  }
}
