import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { messageOf, modelError, usageError } from '../errors.js';
import { readSettingsText } from '../settings-file.js';
import { parseYaml } from '../yaml.js';
import { bytesSchema, sha256Schema, sourceEntry, sourceSchema } from './source-entry.js';
import type { Manifest, SourceEntry } from './types.js';

const text = z.string().trim().min(1);
const licenseSchema = z.strictObject({ name: text, url: z.url(), notice: text.optional() });

const measuredSchema = z.strictObject({
  type: text,
  data: text,
  tuned: z.boolean(),
  metric: text,
  value: z.number(),
  interval: z.tuple([z.number(), z.number()]).optional(),
  n: z.int().min(1),
});

const manifestSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be made of a-z, 0-9, ".", "_" and "-"'),
  title: text,
  family: text,
  parameters: text,
  quant: text,
  format: z.enum(['base', 'chat']),
  template: text.optional(),
  context: z.number().int().positive(),
  prefixes: z
    .strictObject({ text: z.string().optional(), query: z.string().optional(), passage: z.string().optional() })
    .optional(),
  license: licenseSchema,
  bytes: bytesSchema.optional(),
  sha256: sha256Schema.optional(),
  verified: z.boolean().default(false),
  measured: z.array(measuredSchema).default([]),
  sources: z.array(sourceSchema).min(1),
});

/** Reads and checks one manifest. The file is called `<name>.yaml`. */
export function readManifest(file: string, own: boolean): Manifest {
  let source: string;
  try {
    source = readSettingsText(file, file);
  } catch (error) {
    throw modelError(messageOf(error), undefined, error);
  }
  return parseManifest(source, file, own);
}

/** @throws SlmError that begins with `file:line:column:` of the first problem */
export function parseManifest(source: string, file: string, own: boolean): Manifest {
  const { value, at } = parseYaml(source, file, manifestSchema, 'docs/models.md describes every key.');
  const { bytes, sha256, sources, ...rest } = value;
  if (basename(file) !== `${rest.name}.yaml`) {
    const problem = `${at(['name'])}: the name "${rest.name}" is not that of the file`;
    throw usageError(problem, `Call the file ${rest.name}.yaml.`);
  }
  return {
    ...rest,
    bytes: bytes ?? null,
    sha256: sha256 ?? null,
    sources: sources.map((written, index): SourceEntry => {
      const entry = sourceEntry(written, dirname(file));
      if (typeof entry === 'string') throw usageError(`${at(['sources', index])}: ${entry}`);
      return entry;
    }),
    file,
    own,
  };
}
