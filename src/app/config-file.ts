import { z } from 'zod';
import { readSettings } from '../settings-file.js';
import { parseYaml } from '../yaml.js';

const configSchema = z.strictObject({
  model: z.string().optional(),
  threads: z.int().min(1).optional(),
  contextSize: z.int().min(64).optional(),
  gpu: z.enum(['auto', 'cuda', 'vulkan', 'metal']).optional(),
  derivedCacheBytes: z.int().min(0).optional(),
});
export type Config = z.infer<typeof configSchema>;

export function readConfigFile(file: string): Config {
  const text = readSettings(file, file).toString('utf8');
  return parseYaml(text, file, configSchema, 'docs/cli.md describes the settings.').value;
}
