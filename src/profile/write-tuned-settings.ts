import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { makeFolder } from '../folders.js';
import { digestOfBytes, encodeHead } from '../heads/head-file.js';
import { replaceFile } from '../replace-file.js';
import type { StoredNumbers } from '../types.js';
import { type TunedSettings, tunedSettingsSchema, withDigest } from './tuned-settings.js';

/** Tuned settings before they are written: the writer adds the side file and the digests. */
export type UnwrittenSettings = Omit<TunedSettings, 'format' | 'numbers' | 'digest'>;

/**
 * Writes tuned settings and their side file into a folder. Nothing in them tells the time: the same tuning gives the
 * same bytes.
 * @returns the path of the settings
 */
export function writeTunedSettings(
  folder: string,
  tuned: UnwrittenSettings,
  numbers: { readonly stored: StoredNumbers; readonly coarse: readonly string[] } | null,
): string {
  makeFolder(folder);
  const file = path.join(folder, `${tuned.model}.yaml`);
  const side = `${tuned.model}.head`;
  const bytes = numbers === null ? null : encodeHead(numbers.stored, numbers.coarse);
  const { threshold, data, seed, metric, scores, trials, ...settings } = tuned;
  const whole = {
    format: 2,
    ...settings,
    ...(bytes === null ? {} : { numbers: { file: side, sha256: digestOfBytes(bytes) } }),
    ...(threshold === undefined ? {} : { threshold }),
    data,
    seed,
    ...(metric === undefined ? {} : { metric }),
    scores,
    trials,
  };
  tunedSettingsSchema.omit({ digest: true }).parse(whole);
  const text = stringify(whole, { lineWidth: 120, flowCollectionPadding: false });
  const content = withDigest(
    `# What \`slm tune ${tuned.task}\` found for ${tuned.model}. Not to be edited; \`slm tune ${tuned.task} --reset\` removes it.\n${text}`,
  );
  // Again where another process that tunes the same came in between: its half and ours fit no more.
  for (let attempt = 0; attempt < 10; attempt++) {
    if (bytes !== null) replaceFile(path.join(folder, side), bytes);
    replaceFile(file, content);
    if (bytes === null) rmSync(path.join(folder, side), { force: true });
    if (holds(file, Buffer.from(content)) && (bytes === null || holds(path.join(folder, side), bytes))) break;
  }
  return file;
}

function holds(file: string, bytes: Uint8Array): boolean {
  try {
    return readFileSync(file).equals(bytes);
  } catch {
    return false;
  }
}

/** Removes the tuned settings of a model from a folder; false where there were none. */
export function removeTunedSettings(folder: string, model: string): boolean {
  const file = path.join(folder, `${model}.yaml`);
  try {
    rmSync(file);
  } catch {
    return false;
  }
  rmSync(path.join(folder, `${model}.head`), { force: true });
  return true;
}
