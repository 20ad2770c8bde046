import { estimateMemory, type MemoryEstimate } from '../../gguf/memory.js';
import { type GgufSummary, summarize } from '../../gguf/summary.js';
import type { GgufHeader } from '../../gguf/types.js';
import type { Manifest } from '../../models/index.js';
import { formatBytes } from '../../quantities.js';

/** The details that `slm models show --json` prints. */
export interface ModelDetails {
  readonly name: string | null;
  readonly title: string | null;
  /** Null when it is not on this machine. */
  readonly path: string | null;
  readonly bytes: number | null;
  /** As the manifest says. */
  readonly sha256: string | null;
  readonly format: 'base' | 'chat';
  readonly license: { readonly name: string; readonly url: string | null; readonly notice: string | null } | null;
  readonly sources: readonly string[];
  readonly verified: boolean;
  /** From the header of the file. */
  readonly file: GgufSummary | null;
  /** Memory, one estimate for each context. */
  readonly memory: readonly MemoryEstimate[];
  readonly manifest: string | null;
}

interface Known {
  readonly manifest: Manifest | null;
  readonly header: GgufHeader | null;
  readonly path: string | null;
}

export function modelDetails({ manifest, header, path }: Known): ModelDetails {
  const file = header === null ? null : summarize(header);
  return {
    name: manifest?.name ?? file?.name ?? null,
    title: manifest?.title ?? null,
    path,
    bytes: header?.fileBytes ?? manifest?.bytes ?? null,
    sha256: manifest?.sha256 ?? null,
    format: manifest?.format ?? (file?.chatTemplate == null ? 'base' : 'chat'),
    license: licenseOf(manifest, file),
    sources: manifest?.sources.map(({ label }) => label) ?? [],
    verified: manifest?.verified ?? false,
    file,
    memory: header === null ? [] : contextSizes(file?.contextLength ?? null).map((n) => estimateMemory(header, n)),
    manifest: manifest?.file ?? null,
  };
}

function licenseOf(manifest: Manifest | null, file: GgufSummary | null): ModelDetails['license'] {
  if (manifest !== null) return { ...manifest.license, notice: manifest.license.notice ?? null };
  return file === null || file.license === null ? null : { name: file.license, url: null, notice: null };
}

/** Tokens to estimate memory for: usual ones up to what the model can do. */
function contextSizes(longest: number | null): number[] {
  const usual = [512, 2048, 8192];
  return longest === null ? usual : [...new Set([...usual.filter((n) => n < longest), longest])];
}

/** The details for people. */
export function modelText(details: ModelDetails): string {
  const { file } = details;
  const rows: [string, string | null][] = [
    ['file', details.path ?? 'not installed'],
    ['size', details.bytes === null ? null : `${formatBytes(details.bytes)} (${count(details.bytes)} bytes)`],
    ['sha256', details.sha256],
    ['format', details.format + (file === null ? '' : templateNote(file, details.format))],
    ['architecture', file === null ? null : architecture(file)],
    ['parameters', file === null ? null : `${count(file.parameters)} in ${file.tensorCount} tensors`],
    ['quant', file?.quant ?? null],
    ['context', file?.contextLength == null ? null : `${count(file.contextLength)} tokens`],
    ...details.memory.map((estimate): [string, string] => ['memory', memory(estimate)]),
    [
      'licence',
      details.license === null ? null : [details.license.name, details.license.url].filter(Boolean).join(', '),
    ],
    ...details.sources.map((source): [string, string] => ['source', source]),
    ['verified', details.manifest === null ? null : details.verified ? 'yes' : 'no: this source was not tested'],
    ['manifest', details.manifest],
  ];
  const title = [details.name, details.title].filter((text) => text !== null).join(' — ');
  const lines = rows.flatMap(([key, value]) => (value === null ? [] : [`  ${key.padEnd(13)} ${value}`]));
  const notice = details.license?.notice;
  const unfetched =
    details.name !== null && file === null ? ['', `\`slm models pull ${details.name}\` fetches it.`] : [];
  return [title, ...lines, ...(notice == null ? [] : ['', notice]), ...unfetched].join('\n');
}

function templateNote(file: GgufSummary, format: 'base' | 'chat'): string {
  if (file.chatTemplate !== null) return `, template of ${count(file.chatTemplate.length)} characters in the file`;
  return format === 'chat' ? ', no template in the file' : '';
}

function architecture(file: GgufSummary): string {
  const parts = [file.architecture];
  if (file.blockCount !== null) parts.push(`${file.blockCount} layers`);
  if (file.embeddingLength !== null) parts.push(`width ${count(file.embeddingLength)}`);
  if (file.vocabularySize !== null) parts.push(`vocabulary ${count(file.vocabularySize)}`);
  return parts.join(', ');
}

function memory({ contextTokens, weights, cache, overhead, total }: MemoryEstimate): string {
  const parts = `weights ${formatBytes(weights)}, cache ${formatBytes(cache)}, other ${formatBytes(overhead)}`;
  return `about ${formatBytes(total)} for ${count(contextTokens)} tokens (${parts})`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
