/**
 * Resident memory of a long `slm run`, over its records: a CSV and a picture.
 *
 *     node --import tsx bench/memory.ts [lines] [--distinct N] [--seconds N] [--model NAME] [--out FOLDER]
 *
 * The lines are made as they are asked for, go to standard input of the built program, and come back on its standard
 * output, which is read as fast as it writes. Of them, N are different (default 1,000; 0: all): with --cache the model
 * sees each once, and the other records take the same road without it, so that a million take minutes. With --seconds
 * no line is given any more after so long. Linux only, since memory is read from /proc. Writes memory.csv and memory.svg to FOLDER (default docs/).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { collect, exitOf, root, runSlm, startSlm } from '../test/helpers/slm.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    distinct: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: 'Infinity' },
    model: { type: 'string', default: 'gemma-3-270m' },
    out: { type: 'string', default: path.join(root, 'docs') },
  },
});
/** Lines that are given; fewer in the end where time ran out. */
let total = Number(positionals[0] ?? 2000);
const distinct = Number(flags.distinct);

interface Sample {
  readonly seconds: number;
  readonly records: number;
  readonly rssMb: number;
}

const cache = mkdtempSync(path.join(tmpdir(), 'slm-memory-'));
const args = ['run', 'sentiment', '--lines', '--json', '--cache', '-m', flags.model];
// Derived files and constants are made here, not in the run that is measured.
await runSlm(args, { env: { XDG_CACHE_HOME: cache }, input: 'Fine.\n' });
const child = startSlm(args, { env: { XDG_CACHE_HOME: cache } });
const stderr = collect(child.stderr);
let records = 0;
child.stdout.on('data', (chunk: Buffer) => {
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) records++;
});
const start = performance.now();
const samples: Sample[] = [];
const timer = setInterval(sample, 500);
const end = exitOf(child);
await feed();
const code = await end;
clearInterval(timer);
rmSync(cache, { recursive: true, force: true });
if (code !== 0 || records !== total) throw new Error(`exit code ${code}, ${records} of ${total} records\n${stderr()}`);
report();

function sample(): void {
  try {
    const match = /^VmRSS:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
    // While it ends, it gives its memory back.
    if (match === null || records === total) return;
    const seconds = (performance.now() - start) / 1000;
    samples.push({ seconds: round(seconds), records, rssMb: round(Number(match[1]) / 1024) });
  } catch {
    // It has ended.
  }
}

async function feed(): Promise<void> {
  for (let i = 0; i < total; i++) {
    if (performance.now() - start > Number(flags.seconds) * 1000) {
      total = i;
      break;
    }
    const n = distinct === 0 ? i : i % distinct;
    const line = `Order ${n}: ${n % 3 === 0 ? 'it broke on the second day' : 'better than I had hoped'}, and the box was ${n % 7} cm too large.\n`;
    if (!child.stdin.write(line)) await new Promise((resolve) => child.stdin.once('drain', resolve));
  }
  child.stdin.end();
}

function report(): void {
  writeFileSync(
    path.join(flags.out, 'memory.csv'),
    `seconds,records,rss_mib\n${samples.map(({ seconds, records, rssMb }) => `${seconds},${records},${rssMb}\n`).join('')}`,
  );
  writeFileSync(path.join(flags.out, 'memory.svg'), picture());
  const early = samples.filter((each) => each.records >= Math.min(1000, total / 10));
  const peakOf = (part: readonly Sample[]) => Math.max(...part.map(({ rssMb }) => rssMb));
  const half = early.slice(Math.floor(early.length / 2));
  process.stdout.write(
    `${total} records in ${round((performance.now() - start) / 1000)} s; resident memory: ` +
      `${early[0]?.rssMb} MiB after ${early[0]?.records} records, ${samples.at(-1)?.rssMb} at the end, ` +
      `largest ${peakOf(samples)}, in the second half ${peakOf(half)}\n`,
  );
}

function picture(): string {
  const [width, height, left, bottom, top] = [640, 240, 56, 36, 28];
  const mostMb = Math.ceil(Math.max(...samples.map(({ rssMb }) => rssMb)) / 100) * 100 + 100;
  const x = (records: number) => round(left + ((width - left - 16) * records) / total);
  const y = (mb: number) => round(height - bottom - ((height - bottom - top) * mb) / mostMb);
  const step = mostMb > 600 ? 200 : 100;
  const rows = Array.from({ length: Math.floor(mostMb / step) + 1 }, (_, i) => i * step);
  // A few hundred points say as much as thousands.
  const stride = Math.max(1, Math.ceil(samples.length / 400));
  const points = samples.filter((_, i) => i % stride === 0 || i === samples.length - 1);
  const text = (tx: number, ty: number, anchor: string, content: string) =>
    `<text x="${tx}" y="${ty}" text-anchor="${anchor}">${content}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" fill="#555">`,
    `<title>Resident memory of slm run sentiment over ${total} records</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(left, 16, 'start', `Resident memory of slm run sentiment (${flags.model}), MiB`),
    ...rows.map(
      (mb) =>
        `<path d="M${left} ${y(mb)}H${width - 16}" stroke="#ddd"/>${text(left - 6, y(mb) + 4, 'end', String(mb))}`,
    ),
    ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
      text(x(share * total), height - bottom + 16, 'middle', Math.round(share * total).toLocaleString('en')),
    ),
    text((left + width) / 2, height - 4, 'middle', 'records'),
    `<polyline fill="none" stroke="#0a6" stroke-width="2" points="${points.map((p) => `${x(p.records)},${y(p.rssMb)}`).join(' ')}"/>`,
    '</svg>\n',
  ].join('\n');
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
