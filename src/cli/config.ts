import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseYaml } from '../yaml.js';
import { type CliContext, configDirectory } from './context.js';

const configSchema = z.strictObject({
  model: z.string().optional(),
  threads: z.int().min(1).optional(),
  contextSize: z.int().min(64).optional(),
  gpu: z.enum(['auto', 'cuda', 'vulkan', 'metal']).optional(),
  derivedCacheBytes: z.int().min(0).optional(),
});
export type Config = z.infer<typeof configSchema>;

/** Settings of the project (`./slm.yaml`) over those of the user (`config.yaml` in the configuration folder). */
export function readConfig(context: CliContext): Config {
  return {
    ...readFile(path.join(configDirectory(context), 'config.yaml')),
    ...readFile(path.join(context.cwd, 'slm.yaml')),
  };
}

function readFile(file: string): Config {
  return existsSync(file)
    ? parseYaml(readFileSync(file, 'utf8'), file, configSchema, 'docs/cli.md describes the settings.').value
    : {};
}
