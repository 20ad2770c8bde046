import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { resolveModel } from '../../src/models/index.js';
import type { DownloadProgress, ModelEnvironment } from '../../src/models/types.js';

/** A store, a catalogue and a user's folder of their own, all empty, removed after the test. */
export function emptyStore(t: TestContext, changes: Partial<ModelEnvironment> = {}): ModelEnvironment {
  const root = mkdtempSync(path.join(tmpdir(), 'slm-models-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ['data', 'config/models', 'builtin']) mkdirSync(path.join(root, name), { recursive: true });
  return {
    dataDir: path.join(root, 'data'),
    configDir: path.join(root, 'config'),
    builtinDir: path.join(root, 'builtin'),
    cwd: root,
    // A port that nothing listens on: a test that needs the hub gives its stub.
    hfEndpoint: 'http://127.0.0.1:47321',
    hfToken: null,
    offline: false,
    python: null,
    childEnv: {},
    network: { stallMs: 30_000, retries: 2, retryMs: 5 },
    ...changes,
  };
}

/** Puts a manifest called `name` into the built-in catalogue. `sources` is YAML. */
export function addManifest(env: ModelEnvironment, name: string, sources: string, more = ''): void {
  writeFileSync(
    path.join(env.builtinDir, `${name}.yaml`),
    `name: ${name}
title: Test model
family: test
parameters: 1M
quant: F32
format: base
context: 512
license:
  name: Test licence
  url: https://example.org/licence
  notice: Be kind.
${more}sources:
${sources}
`,
  );
}

/** What `resolveModel` returned or threw, and what it reported. */
export async function resolveAndRecord(spec: string, env: ModelEnvironment) {
  const notices: string[] = [];
  const progress: DownloadProgress[] = [];
  const outcome = await resolveModel(spec, env, {
    onNotice: (text) => notices.push(text),
    onProgress: (report) => progress.push(report),
  }).then(
    (model) => ({ model, error: null }),
    (error: Error) => ({ model: null, error }),
  );
  return { ...outcome, notices, progress };
}
