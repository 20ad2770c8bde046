import { z } from 'zod';
import { readSettingsText } from '../settings-file.js';
import { parseYaml } from '../yaml.js';

/** Money for a million tokens. */
const price = z.number().min(0);

/** How models behind a service are used. Only the user's own file can allow it. */
const remoteSchema = z.strictObject({
  allow: z.boolean().optional(),
  concurrency: z.int().min(1).max(256).optional(),
  /** Seconds. Timers hold no more than 24 days. */
  timeout: z.number().positive().max(2_000_000).optional(),
  budget: z.number().min(0).optional(),
  prices: z.record(z.string(), z.strictObject({ input: price, cached: price.optional(), output: price })).optional(),
});

const configSchema = z.strictObject({
  model: z.string().optional(),
  threads: z.int().min(1).optional(),
  contextSize: z.int().min(64).optional(),
  gpu: z.enum(['auto', 'cuda', 'vulkan', 'metal']).optional(),
  derivedCacheBytes: z.int().min(0).optional(),
  remote: remoteSchema.optional(),
});
export type Config = z.infer<typeof configSchema>;

export function readConfigFile(file: string): Config {
  const text = readSettingsText(file, file);
  return parseYaml(text, file, configSchema, 'docs/cli.md describes the settings.').value;
}
