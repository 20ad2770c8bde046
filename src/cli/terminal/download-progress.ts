import type { DownloadProgress, ModelEvents } from '../../models/types.js';
import { formatBytes, formatDuration } from '../../quantities.js';
import { emptyLine } from '../../terminal-text.js';
import type { CliContext } from '../context.js';

type ProgressContext = Pick<CliContext, 'stderr' | 'quiet' | 'now'>;
type Reporter = Required<Pick<ModelEvents, 'onProgress' | 'onNotice' | 'onEnd'>>;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

const redrawMs = 100;
/** The rate is that of the last few seconds. */
const windowMs = 5000;
/** Step of the plain lines when the size is unknown, bytes. */
const plainStep = 100_000_000;

/**
 * Reports downloads on stderr: one line that is overwritten on a terminal, else plain lines (the start, every
 * 10 %, the end). With --quiet it writes nothing, not even notices.
 */
export function createDownloadProgress(context: ProgressContext): Reporter {
  if (context.quiet) return { onProgress: () => undefined, onNotice: () => undefined, onEnd: () => undefined };
  const say = (text: string) => context.stderr.write(`slm: ${text}\n`);
  const isTerminal = context.stderr.isTTY === true;
  const shown = isTerminal ? overwrittenLine(context) : plainLines(say);
  let startedMs: number | null = null;
  return {
    onProgress: (progress) => {
      startedMs ??= context.now();
      shown.update(progress);
    },
    onNotice: (text) => {
      shown.clear();
      say(text.replaceAll('\n', '\n     '));
    },
    onEnd: (name, bytes) => {
      shown.clear();
      if (bytes !== null) {
        const took = startedMs === null ? 0 : (context.now() - startedMs) / 1000;
        say(`${name} is installed (${formatBytes(bytes)} in ${formatDuration(took)})`);
      }
      startedMs = null;
    },
  };
}

interface Display {
  update(progress: DownloadProgress): void;
  /** Ends or removes what stands there. */
  clear(): void;
}

function overwrittenLine({ stderr, now }: ProgressContext): Display {
  const columns = () => stderr.columns || 80;
  let samples: Sample[] = [];
  let source = '';
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update: (progress) => {
      const atMs = now();
      if (progress.source !== source) samples = [];
      source = progress.source;
      samples = [
        ...samples.filter((sample) => atMs - sample.atMs <= windowMs),
        { atMs, bytes: progress.receivedBytes },
      ];
      if (atMs - drawnMs < redrawMs) {
        // Enough samples for a rate, not one for each piece that arrives.
        if (samples.length > 1) samples.splice(-2, 1);
        return;
      }
      drawnMs = atMs;
      const line = `slm: ${progressText(progress, rateOf(samples))}`;
      stderr.write(`${emptyLine}${line.slice(0, columns() - 1)}`);
    },
    clear: () => {
      if (drawnMs !== Number.NEGATIVE_INFINITY) stderr.write(emptyLine);
      drawnMs = Number.NEGATIVE_INFINITY;
      samples = [];
    },
  };
}

/** Bytes a second over the samples; null as long as they say nothing. */
function rateOf(samples: readonly Sample[]): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < 200) return null;
  return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
}

/** `gemma-3-270m  45 %  113 MB of 253 MB  61 MB/s  2 s left` */
export function progressText({ name, receivedBytes, totalBytes }: DownloadProgress, rate: number | null): string {
  const parts = [name];
  if (totalBytes !== null) parts.push(`${Math.min(100, Math.floor((receivedBytes * 100) / totalBytes))} %`);
  parts.push(formatBytes(receivedBytes) + (totalBytes === null ? '' : ` of ${formatBytes(totalBytes)}`));
  if (rate !== null) parts.push(`${formatBytes(rate)}/s`);
  if (rate !== null && rate > 0 && totalBytes !== null) {
    parts.push(`${formatDuration(Math.max(0, totalBytes - receivedBytes) / rate)} left`);
  }
  return parts.join('  ');
}

function plainLines(say: (text: string) => void): Display {
  let source = '';
  let step = 0;
  return {
    update: (progress) => {
      const { name, receivedBytes, totalBytes } = progress;
      const now = Math.floor(receivedBytes / (totalBytes === null ? plainStep : totalBytes / 10));
      if (progress.source !== source) {
        source = progress.source;
        step = now;
        say(`downloading ${name}${totalBytes === null ? '' : ` (${formatBytes(totalBytes)})`} from ${source}`);
      } else if (now > step) {
        step = now;
        say(progressText(progress, null));
      }
    },
    clear: () => {
      source = '';
    },
  };
}
