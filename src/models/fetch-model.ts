import { dirname } from 'node:path';
import { messageOf, modelError, SlmError } from '../errors.js';
import { checkGguf } from '../gguf/check.js';
import { checkTokens } from '../gguf/check-tokens.js';
import { checkFreeSpace, fileError, isDiskFull } from './disk.js';
import { openPartial, type PartialFile } from './partial.js';
import { sourceOf } from './sources/index.js';
import { acceptedDigests, install, modelPath, readRecord } from './store.js';
import type { Expected, Manifest, ModelEnvironment, ModelEvents, SourceContext, SourceEntry } from './types.js';

/** A model to fetch: of the catalogue, or a source that the user named. */
export interface Wanted {
  readonly name: string;
  readonly manifest: Manifest | null;
  readonly sources: readonly SourceEntry[];
}

/**
 * Fetches a model from the first source that gives the right file and installs it. The caller holds the lock.
 * Throws a modelError that lists what was wrong with each source.
 */
export async function fetchModel(wanted: Wanted, env: ModelEnvironment, events: ModelEvents, signal: AbortSignal) {
  const reasons: { entry: SourceEntry; error: SlmError }[] = [];
  for (const [index, entry] of wanted.sources.entries()) {
    try {
      return await fetchFrom(entry, wanted, env, events, signal);
    } catch (error) {
      signal.throwIfAborted();
      const shown = fileError(error, dirname(modelPath(env.dataDir, wanted.name)));
      // A full disk or a defect of ours will not be better with the next source.
      if (!(shown instanceof SlmError) || isDiskFull(shown)) throw shown;
      reasons.push({ entry, error: shown });
      const next = wanted.sources[index + 1];
      if (next !== undefined) events.onNotice?.(`${entry.label}: ${shown.message}. Trying ${next.label}.`);
    }
  }
  throw allFailed(wanted, reasons);
}

function allFailed({ name }: Wanted, reasons: readonly { entry: SourceEntry; error: SlmError }[]): SlmError {
  const hint = reasons.map(({ error }) => error.hint).find((text) => text !== undefined);
  const [only] = reasons;
  if (only !== undefined && reasons.length === 1) {
    return modelError(
      `Cannot get the model ${name} from ${only.entry.label}: ${sentence(only.error.message)}`,
      hint,
      only.error,
    );
  }
  const list = reasons.map(({ entry, error }) => `\n  ${entry.label}: ${sentence(error.message)}`);
  return modelError(`Cannot get the model ${name} from any of its sources:${list.join('')}`, hint);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

async function fetchFrom(
  entry: SourceEntry,
  wanted: Wanted,
  env: ModelEnvironment,
  events: ModelEvents,
  signal: AbortSignal,
): Promise<void> {
  const source = sourceOf(entry.scheme);
  if (source === null) throw new Error(`unchecked source ${entry.label}`);
  if (source.remote && env.offline)
    throw modelError('not tried, because --offline (or SLM_OFFLINE, HF_HUB_OFFLINE) is set');
  const expected = await expectedOf(entry, wanted, env);
  const partial = openPartial(`${modelPath(env.dataDir, wanted.name)}.partial`, signal);
  const facts = { ...expected };
  const context: SourceContext = {
    env,
    expected,
    signal,
    announce: async (found, scratchBytes = 0) => {
      agree(expected, found);
      facts.sha256 ??= found.sha256;
      facts.bytes ??= found.bytes;
      const needed = facts.bytes ?? 0;
      const left = await partial.leftover(entry.label);
      if (needed > 0)
        await checkFreeSpace(dirname(partial.path), Math.max(0, needed - (left?.bytes ?? 0)) + scratchBytes);
    },
    progress: (receivedBytes) =>
      events.onProgress?.({ name: wanted.name, source: entry.label, receivedBytes, totalBytes: facts.bytes }),
    notice: (text) => events.onNotice?.(text),
  };
  try {
    await source.fetch(entry, partial, context);
    const sha256 = await verify(partial, facts, entry, () => source.fetch(entry, partial, context), context);
    // Windows does not rename open files.
    await partial.close();
    await install(env.dataDir, wanted.name, partial.path, { sha256, source: entry.label });
    await partial.discard();
  } finally {
    await partial.close();
  }
}

/** The expected size and digest: those of the source's entry, else of the manifest, else of the last installation. */
async function expectedOf(entry: SourceEntry, { name, manifest }: Wanted, env: ModelEnvironment): Promise<Expected> {
  const own = entry.sha256 !== null;
  const pinned = acceptedDigests(null, await readRecord(env.dataDir, name))[0] ?? null;
  const sha256 = entry.sha256 ?? manifest?.sha256 ?? pinned;
  return { sha256, bytes: entry.bytes ?? (own ? null : (manifest?.bytes ?? null)) };
}

/** Refuses a file before it is downloaded when the source itself says that it is another one. */
function agree(expected: Expected, found: Expected): void {
  if (expected.sha256 !== null && found.sha256 !== null && expected.sha256 !== found.sha256) {
    throw modelError(
      `the file there has the sha256 ${found.sha256}, expected ${expected.sha256}`,
      'It was replaced since its digest was noted. Compare with the publisher before you trust it.',
    );
  }
  if (expected.bytes !== null && found.bytes !== null && expected.bytes !== found.bytes) {
    throw modelError(`the file there has ${found.bytes} bytes, expected ${expected.bytes}`);
  }
}

/**
 * Size, digest and form of what was downloaded; returns the digest. A wrong file is removed. One that was continued
 * from an earlier attempt is fetched once more from the start, because its first half may be to blame.
 */
async function verify(
  partial: PartialFile,
  expected: Expected,
  entry: SourceEntry,
  again: () => Promise<void>,
  context: SourceContext,
): Promise<string> {
  const { bytes, sha256 } = await partial.finish();
  const problem = problemOf(expected, bytes, sha256);
  if (problem === null) {
    try {
      checkTokens(checkGguf(partial.path));
    } catch (error) {
      await partial.discard();
      throw modelError(`the file that it sent is not a usable model: ${messageOf(error)}`, undefined, error);
    }
    return sha256;
  }
  const resumed = partial.resumed();
  await partial.discard();
  if (!resumed) {
    throw modelError(
      problem,
      'The file at the source is not the one that was checked. Do not use it; tell its publisher or us.',
    );
  }
  context.notice(`${entry.label}: the continued download does not match; starting again.`);
  await again();
  return verify(partial, expected, entry, again, context);
}

function problemOf(expected: Expected, bytes: number, sha256: string): string | null {
  if (expected.bytes !== null && bytes !== expected.bytes) return `it sent ${bytes} bytes, expected ${expected.bytes}`;
  if (expected.sha256 !== null && sha256 !== expected.sha256) {
    return `what it sent has the sha256 ${sha256}, expected ${expected.sha256}`;
  }
  return null;
}
