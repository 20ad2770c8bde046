import type { Advised, Best, ModelAdvice } from '../../app/model-advice.js';
import type { MeasuredFigure } from '../../models/index.js';
import { formatBytes } from '../../quantities.js';
import { tableText } from '../terminal/table.js';

/** The advice for people: models by what they take, then the best for each type of task. */
export function adviceText({ machine, contextTokens, models, advised }: ModelAdvice): string {
  const isMeasured = models.some(({ speed }) => speed === 'measured');
  const rows = models.map((model) => [
    model.name,
    model.bytes === null ? '?' : formatBytes(model.bytes),
    model.memory === null ? '?' : formatBytes(model.memory),
    model.fits === null ? '?' : model.fits ? 'yes' : 'no',
    model.tokensPerSecond === null ? '?' : `${model.speed === 'estimated' ? '~' : ''}${rounded(model.tokensPerSecond)}`,
    ...(isMeasured ? [figure(model.generatedPerSecond, rounded), figure(model.memoryUsed, formatBytes)] : []),
    model.installed ? 'yes' : 'no',
    model.measured.map(shortFigure).join('; '),
  ]);
  const head = [
    'NAME',
    'SIZE',
    'MEMORY',
    'FITS',
    'TOKENS/S',
    ...(isMeasured ? ['GENERATED/S', 'USED'] : []),
    'INSTALLED',
    'MEASURED',
  ];
  const threads = `${machine.threads} ${machine.threads === 1 ? 'thread' : 'threads'}`;
  return [
    `This machine: ${formatBytes(machine.memory)} of memory, ${formatBytes(machine.free)} of it free, ${threads}. Memory is for one context of ${contextTokens.toLocaleString('en')} tokens.`,
    '',
    tableText(head, rows, [
      ...(['left', 'right', 'right', 'left', 'right'] as const),
      ...(isMeasured ? (['right', 'right'] as const) : []),
      ...(['left', 'left'] as const),
    ]),
    ...advised.flatMap(adviceLines),
    '',
    isMeasured
      ? 'TOKENS/S: tokens read a second, on all threads. GENERATED/S: tokens generated a second. USED: memory that the process took.'
      : 'TOKENS/S: tokens read a second, on all threads.',
    '~ estimated; `slm models advise --measure` measures the installed ones. Figures are of public data: `slm eval TASK -m A,B` measures on yours.',
  ].join('\n');
}

function adviceLines({ type, tuned, untuned }: Advised): string[] {
  if (tuned === null && untuned === null) return [`${type}: no model that fits this machine was measured`];
  const parts = [
    ...(tuned === null ? [] : [`tuned ${said(tuned)}`]),
    ...(untuned === null ? [] : [`untuned ${said(untuned)}`]),
  ];
  return [`${type}: ${parts.join(', ')}`];
}

function said({ model, figure: { data, metric, value, interval, n } }: Best): string {
  const range = interval === undefined ? '' : ` [${interval.map((bound) => bound.toFixed(3)).join('–')}]`;
  return `${model} (${data}: ${metric} ${value.toFixed(3)}${range}, n = ${n})`;
}

function shortFigure({ type, tuned, value }: MeasuredFigure): string {
  return `${type} ${value.toFixed(3)}${tuned ? ' tuned' : ''}`;
}

function figure(value: number | null, say: (value: number) => string): string {
  return value === null ? '' : say(value);
}

/** Two digits: the estimate is no better. */
function rounded(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en');
}
