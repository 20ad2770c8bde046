import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { modelError, suggestion, usageError } from '../errors.js';
import { checkGguf } from '../gguf/check.js';
import { checkTokens } from '../gguf/check-tokens.js';
import { findManifest, modelNames } from './catalogue.js';
import { takeDerived } from './derived-store.js';
import { fetchModel, type Wanted } from './fetch-model.js';
import { showLicence } from './licence.js';
import { withLock } from './lock.js';
import { sourceEntry } from './source-entry.js';
import { pathOf } from './sources/file.js';
import { sourceOf } from './sources/index.js';
import { checkInstalled, installedNames, installedStats, modelPath } from './store.js';
import type { Manifest, ModelEnvironment, ModelEvents, ResolvedModel } from './types.js';

/** The meanings of `--model`. */
export type ModelSpec = { readonly kind: 'path'; readonly path: string } | ({ readonly kind: 'named' } & Wanted);

/**
 * Makes a model available: a name of the catalogue (or of a model in the store), a path to a .gguf file, or the
 * address of a source, which is downloaded unless it was before. Throws SlmError.
 */
export async function resolveModel(
  spec: string,
  env: ModelEnvironment,
  events: ModelEvents = {},
): Promise<ResolvedModel> {
  const wanted = await readSpec(spec, env);
  if (wanted.kind === 'path') return localModel(wanted.path);
  const { name, manifest } = wanted;
  const installed = installedStats(env.dataDir, name) !== null;
  if (!installed) refuseOffline(wanted, env);
  if (manifest !== null) await showLicence(manifest, env.dataDir, events);
  if (installed) return installedModel(name, manifest, env, events);
  return withLock(
    modelPath(env.dataDir, name),
    events.signal,
    () => events.onNotice?.(`Another process is downloading ${name}; waiting for it.`),
    async (signal) => {
      if (installedStats(env.dataDir, name) === null) {
        try {
          await fetchModel(wanted, env, events, signal);
        } finally {
          events.onEnd?.(name, installedStats(env.dataDir, name)?.size ?? null);
        }
      }
      return installedModel(name, manifest, env, events);
    },
  );
}

/** Reads what the user gave, without downloading. Throws a usageError or, for an unknown name, a modelError. */
export async function readSpec(spec: string, env: ModelEnvironment): Promise<ModelSpec> {
  const scheme = /^([a-z]+):/.exec(spec)?.[1];
  // A single letter is a drive of Windows.
  if (scheme !== undefined && scheme.length > 1 && sourceOf(scheme) !== null) return readAddress(spec, scheme, env);
  if (/[/\\]/.test(spec) || spec.toLowerCase().endsWith('.gguf')) return { kind: 'path', path: resolve(env.cwd, spec) };
  const manifest = findManifest(spec, env);
  if (manifest !== null) return { kind: 'named', name: spec, manifest, sources: manifest.sources };
  const installed = await installedNames(env.dataDir);
  if (installed.includes(spec)) return { kind: 'named', name: spec, manifest: null, sources: [] };
  throw modelError(
    `No model "${spec}".${suggestion(spec, [...modelNames(env), ...installed])}`,
    '`slm models list` lists them. A path to a .gguf file or an address such as hf:owner/repo/file.gguf works too.',
  );
}

/** A `file:` address is used where it is; the others get a name in the store. */
function readAddress(spec: string, scheme: string, env: ModelEnvironment): ModelSpec {
  const entry = sourceEntry(spec, env.cwd);
  if (typeof entry === 'string') throw usageError(`The model ${entry}.`);
  if (scheme === 'file') return { kind: 'path', path: pathOf(entry.addresses[0] ?? '', env.cwd) };
  return { kind: 'named', name: nameOf(spec), manifest: null, sources: [entry] };
}

/** The file's base name and a few digits of the address, so that two repositories with the same file differ. */
function nameOf(address: string): string {
  const file = basename(address.replace(/[?#].*$/, '')).replace(/\.gguf$/i, '');
  const safe = file.replace(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'model';
  return `${safe}-${createHash('sha256').update(address).digest('hex').slice(0, 8)}`;
}

/** The name that a model has once it is there. */
export async function nameOfModel(spec: ModelSpec): Promise<string> {
  if (spec.kind === 'named') return spec.name;
  return (await takeDerived(spec.path))?.name ?? basename(spec.path).replace(/\.gguf$/i, '');
}

async function localModel(path: string): Promise<ResolvedModel> {
  checkTokens(checkGguf(path));
  return { name: await nameOfModel({ kind: 'path', path }), path, sha256: null, manifest: null };
}

/** A file that somebody put into the store is checked for its form too, once: when it has no record yet. */
async function installedModel(
  name: string,
  manifest: Manifest | null,
  env: ModelEnvironment,
  events: ModelEvents,
): Promise<ResolvedModel> {
  const path = modelPath(env.dataDir, name);
  const sha256 = await checkInstalled(env.dataDir, name, manifest, {
    ...(events.signal === undefined ? {} : { signal: events.signal }),
    onHash: () => checkTokens(checkGguf(path)),
  });
  return { name, path, sha256, manifest };
}

function refuseOffline({ name, sources }: Wanted, env: ModelEnvironment): void {
  if (!env.offline || sources.some(({ scheme }) => sourceOf(scheme)?.remote === false)) return;
  throw modelError(
    `The model ${name} is not installed, and nothing is downloaded because of --offline (or SLM_OFFLINE, HF_HUB_OFFLINE).`,
    `Run \`slm models pull ${name}\` once while online.`,
  );
}
