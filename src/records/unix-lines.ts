import { peek } from './peek.js';

const cr = 0x0d;
const lf = 0x0a;

/** A file without LF in so many bytes, and with CR, ends its lines with CR. */
const sampleBytes = 4096;

/** CRLF becomes LF. So does CR where nothing but CR ends the lines; beside LF it stays, as in a progress bar. */
export async function* unixLines(all: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const { head, chunks } = await peek(all, (start) => start.length < sampleBytes && !start.includes(lf));
  const sample = head.subarray(0, sampleBytes);
  const onlyCr = sample.includes(cr) && !sample.includes(lf);
  let waiting = false;
  for await (const chunk of chunks) {
    // A CR that ends a chunk waits for what follows.
    const bytes: Buffer = waiting ? Buffer.concat([Buffer.from([cr]), chunk]) : chunk;
    waiting = bytes[bytes.length - 1] === cr;
    const out = withLf(waiting ? bytes.subarray(0, -1) : bytes, onlyCr);
    if (out.length > 0) yield out;
  }
  if (waiting) yield Buffer.from([onlyCr ? lf : cr]);
}

function withLf(bytes: Buffer, onlyCr: boolean): Buffer {
  let at = bytes.indexOf(cr);
  if (at === -1) return bytes;
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  let start = 0;
  for (; at !== -1; at = bytes.indexOf(cr, at + 1)) {
    const isPair = bytes[at + 1] === lf;
    if (!isPair && !onlyCr) continue;
    length += bytes.copy(out, length, start, at);
    if (!isPair) out[length++] = lf;
    start = at + 1;
  }
  length += bytes.copy(out, length, start);
  return out.subarray(0, length);
}
