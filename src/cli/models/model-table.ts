import type { ListedModel } from '../../app/model-list.js';
import { formatBytes } from '../../quantities.js';
import { tableText } from '../terminal/table.js';

/** The list for people: one line a model, the default marked with `*`. */
export function modelTable(models: readonly ListedModel[]): string {
  const rows = models.map((model) => [
    `${model.name}${model.default ? ' *' : ''}`,
    model.bytes === null ? '?' : formatBytes(model.bytes),
    model.parameters ?? '?',
    model.quant ?? '?',
    model.format ?? '?',
    model.context?.toString() ?? '?',
    model.license ?? '?',
    model.verified ? 'yes' : 'no',
    model.installed ? 'yes' : 'no',
  ]);
  const head = ['NAME', 'SIZE', 'PARAMETERS', 'QUANT', 'FORMAT', 'CONTEXT', 'LICENCE', 'VERIFIED', 'INSTALLED'];
  const table = tableText(head, rows, ['left', 'right', 'right', 'left']);
  return `${table}\n* the default.  VERIFIED: whether this source was tested: file fetched, digest checked.`;
}
