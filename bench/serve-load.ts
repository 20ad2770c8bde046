/**
 * Load on `slm serve`: requests a second, and how long they take, with 1, 8 and 64 clients on `sentiment`; beside
 * another server on the same model and prompt, if there is one; and a soak of good and bad requests and of clients that
 * hang up.
 *
 *   node --import tsx bench/serve-load.ts [--model NAME] [--requests 200] [--beside URL]
 *   node --import tsx bench/serve-load.ts --soak 10m [--model NAME]
 *
 * `--beside URL` is the address of an OpenAI-compatible server that has the same model file loaded (llama-server;
 * `python -m llama_cpp.server --model FILE --n_ctx 2048`). It is asked for one token after the prompt that `slm` has for
 * the task as it is written (`--untuned`), which is measured in `slm serve` as well. Needs `npm run build`.
 */
import { parseArgs } from 'node:util';
import { machine } from './parts/figures.js';
import { loadTable } from './parts/load-table.js';
import { startServer } from './parts/server-process.js';
import { soak } from './parts/soak.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'gemma-3-270m' },
    requests: { type: 'string', default: '200' },
    beside: { type: 'string' },
    soak: { type: 'string' },
  },
});

function milliseconds(written: string): number {
  const [, amount, unit] = /^(\d+)(s|m|h)$/u.exec(written) ?? [];
  if (amount === undefined) throw new Error(`--soak ${written}: write it as 90s, 10m or 1h`);
  return Number(amount) * (unit === 's' ? 1000 : unit === 'm' ? 60_000 : 3_600_000);
}

console.log(machine());
if (values.soak === undefined) {
  const requests = Number(values.requests);
  if (!(requests >= 64)) throw new Error(`--requests ${values.requests}: expected 64 or more, one for each client`);
  await loadTable({ model: values.model, requests, beside: values.beside ?? null });
} else {
  const durationMs = milliseconds(values.soak);
  const server = await startServer(['sentiment', 'ner', '-m', values.model, '--max-body', '64K', '--preload']);
  process.exitCode = (await soak(server, durationMs)) ? 0 : 1;
}
