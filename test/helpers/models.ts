import assert from 'node:assert/strict';
import { runSlm } from './slm.js';

/** The two models that we have measured; manifests with `verified: true`. */
export const gemma = 'gemma-3-270m';
export const smollm = 'smollm2-135m-instruct';
/** An instruct model, five times as large as what tests need otherwise; for what only such a model does. */
export const qwen = 'qwen2.5-coder-0.5b-instruct';

const pulls = new Map<string, Promise<string>>();

/**
 * Path of a model in the user's own store, fetched first on a fresh machine. `pull` takes a lock, so that test
 * files which start together fetch it once.
 */
export function modelFile(name: string): Promise<string> {
  const known = pulls.get(name);
  if (known !== undefined) return known;
  const pull = fetchModel(name);
  pulls.set(name, pull);
  return pull;
}

async function fetchModel(name: string): Promise<string> {
  const { code, stdout, stderr } = await runSlm(['models', 'pull', name], { timeoutMs: 1_200_000 });
  assert.equal(code, 0, `slm models pull ${name}: ${stderr}`);
  const file = stdout.trim().split('\t')[1];
  assert.ok(file !== undefined, stdout);
  return file;
}
