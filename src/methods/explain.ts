import type { PromptText } from '../prompt.js';
import type { ExplanationPart } from '../types.js';

/** The exact prompt, with a mark where the shared prefix ends. */
export function promptPart(text: PromptText): ExplanationPart {
  return { title: 'prompt', body: describePrompt(text) };
}

export function describePrompt(text: PromptText): string {
  const prefix = text.prefix.map((segment) => segment.text).join('');
  const input = text.input.map((segment) => segment.text).join('');
  return `${prefix}⟦end of shared prefix⟧${input}⟦the model goes on here⟧`;
}

/** A small table with aligned columns; numbers are formatted by the caller. */
export function tablePart(title: string, rows: readonly (readonly string[])[]): ExplanationPart {
  const widths =
    rows[0]?.map((_, column) => rows.reduce((most, row) => Math.max(most, (row[column] ?? '').length), 0)) ?? [];
  const body = rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
  return { title, body };
}
