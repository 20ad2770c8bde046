import { readFileSync } from 'node:fs';
import { z } from 'zod';
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
  return parseYaml(readFileSync(file, 'utf8'), file, configSchema, 'docs/cli.md describes the settings.').value;
}
