import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { makeFolder } from '../folders.js';
import { digestOfBytes, encodeHead } from '../heads/head-file.js';
import type { HeadBlob } from '../types.js';
import { type Overlay, overlaySchema, withDigest } from './tuned-settings.js';

/** Tuned settings before they are written: the writer adds the side file and the digests. */
export type UnwrittenOverlay = Omit<Overlay, 'head' | 'digest'>;

/**
 * Writes an overlay and its side file into a folder. Nothing in them tells the time: the same tuning gives the same
 * bytes.
 * @returns the overlay's path
 */
export function writeOverlay(
  folder: string,
  overlay: UnwrittenOverlay,
  head: { readonly blob: HeadBlob; readonly coarse: readonly string[] } | null,
): string {
  makeFolder(folder);
  const file = path.join(folder, `${overlay.model}.yaml`);
  const side = `${overlay.model}.head`;
  const bytes = head === null ? null : encodeHead(head.blob, head.coarse);
  if (bytes === null) rmSync(path.join(folder, side), { force: true });
  else writeFileSync(path.join(folder, side), bytes);
  const { data, seed, metric, scores, trials, ...settings } = overlay;
  const whole = {
    ...settings,
    ...(bytes === null ? {} : { head: { file: side, sha256: digestOfBytes(bytes) } }),
    data,
    seed,
    ...(metric === undefined ? {} : { metric }),
    scores,
    trials,
  };
  overlaySchema.omit({ digest: true }).parse(whole);
  const text = stringify(whole, { lineWidth: 120, flowCollectionPadding: false });
  writeFileSync(
    file,
    withDigest(
      `# What \`slm tune ${overlay.task}\` found for ${overlay.model}. Not to be edited; \`slm tune ${overlay.task} --reset\` removes it.\n${text}`,
    ),
  );
  return file;
}

/** Removes the overlay of a model from a folder; false where there was none. */
export function removeOverlay(folder: string, model: string): boolean {
  const file = path.join(folder, `${model}.yaml`);
  try {
    rmSync(file);
  } catch {
    return false;
  }
  rmSync(path.join(folder, `${model}.head`), { force: true });
  return true;
}
