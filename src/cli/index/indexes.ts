import { buildIndex, type IndexStatus, indexStatus, removeIndexes } from '../../app/indexes/indexes.js';
import { skippedLines } from '../../documents/notices.js';
import { exitCodes, usageError } from '../../errors.js';
import { shownPath } from '../../profile/paths.js';
import { formatBytes } from '../../quantities.js';
import { jsonText } from '../../terminal-text.js';
import type { CliContext } from '../context.js';

/** `slm index build` */
export async function build(context: CliContext, files: readonly string[], json: boolean): Promise<void> {
  const { skipped, ...status } = await buildIndex(context, files);
  for (const line of skippedLines([...skipped, ...status.unreadable], (file) => shownPath(file, context.cwd)))
    context.notice(line);
  await show(context, [status], json);
}

/** `slm index status` */
export async function status(context: CliContext, files: readonly string[], json: boolean): Promise<void> {
  const found = indexStatus(context, files);
  if (found.length === 0 && !json) return context.notice('no documents are indexed');
  await show(context, found, json);
  if (files.length > 0 && found.every(({ state }) => state === 'none')) context.exit(exitCodes.failure);
}

/** `slm index rm` */
export function remove(context: CliContext, files: readonly string[], all: boolean): void {
  if (all === files.length > 0) throw usageError('Name the files and folders of an index, or give --all.');
  const removed = removeIndexes(context, files);
  if (removed.length === 0 && !all)
    throw usageError(`there is no index of ${files.join(', ')}`, '`slm index` lists them.');
  for (const roots of removed) context.notice(`removed the index of ${shownRoots(context, roots)}`);
}

async function show(context: CliContext, found: readonly IndexStatus[], json: boolean): Promise<void> {
  if (json) return void context.stdout.write(jsonText(found));
  const { tableText } = await import('../terminal/table.js');
  const rows = found.map(({ roots, documents, bytes, passages, indexBytes, unreadable, state, problem }) => [
    shownRoots(context, roots),
    String(documents),
    formatBytes(bytes),
    String(passages),
    formatBytes(indexBytes),
    String(unreadable.length),
    problem === undefined ? state : `${state}: ${problem}`,
  ]);
  const head = ['DOCUMENTS OF', 'READ', 'SIZE', 'SENTENCES', 'INDEX', 'NOT READ', 'STATE'];
  context.print(tableText(head, rows, ['left', 'right', 'right', 'right', 'right', 'right', 'left']));
}

function shownRoots({ cwd }: CliContext, roots: readonly string[]): string {
  return roots.length === 0 ? '?' : roots.map((root) => shownPath(root, cwd)).join(', ');
}
