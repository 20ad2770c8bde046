import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { engines } from '../../engines/index.js';
import type { Shape } from '../../engines/shape.js';
import { makeFolder } from '../../folders.js';
import { readJson, writeJson } from '../../models/json-file.js';
import { configDirectory, type Surroundings } from '../surroundings.js';

const shapeSchema = z.object({ slots: z.int().min(1), threadsPerSlot: z.int().min(1) });

const entrySchema = z.object({
  /** All that the choice depends on; what does not match is not used. */
  key: z.string(),
  processor: z.string(),
  threads: z.int().min(1),
  library: z.string(),
  model: z.string(),
  measuredAt: z.string(),
  many: shapeSchema,
  one: shapeSchema,
});

const fileSchema = z.object({ version: z.literal(2), entries: z.array(entrySchema) });

/** The settings that `slm doctor --tune` has found for a model on a machine. */
export type MachineEntry = z.infer<typeof entrySchema>;

/** A model file as the store tells models apart. */
export interface KnownModel {
  readonly path: string;
  readonly sha256: string | null;
}

/** A file beside the settings of the user. A folder that several machines share holds entries of each. */
export function machinesFile(surroundings: Surroundings): string {
  return path.join(configDirectory(surroundings), 'machines.json');
}

/** The measured settings for this model on this machine with this version; null where nothing was measured. */
export async function readMachine(surroundings: Surroundings, model: KnownModel): Promise<MachineEntry | null> {
  if (!existsSync(machinesFile(surroundings))) return null;
  const key = await keyOf(model);
  return (await entriesOf(surroundings)).find((entry) => entry.key === key) ?? null;
}

/** The shape to use in place of the default; undefined where nothing was measured. */
export async function measuredShape(
  surroundings: Surroundings,
  model: KnownModel,
  parallel: 'one' | 'many',
): Promise<Shape | undefined> {
  return (await readMachine(surroundings, model))?.[parallel];
}

/** Keeps what was found, in place of what was there for the same model and machine. */
export async function keepMachine(
  surroundings: Surroundings,
  model: KnownModel & { readonly name: string },
  found: Pick<MachineEntry, 'many' | 'one' | 'measuredAt'>,
): Promise<void> {
  const { processor, threads, library } = (await engines.llama.machine()).machineIdentity();
  const key = await keyOf(model);
  const entry = { key, processor, threads, library, model: model.name, ...found };
  const others = (await entriesOf(surroundings)).filter((other) => other.key !== key);
  makeFolder(configDirectory(surroundings));
  await writeJson(machinesFile(surroundings), { version: 2, entries: [...others, entry] });
}

/** Forgets what was found for a model on this machine; false where there was nothing. */
export async function forgetMachine(surroundings: Surroundings, model: KnownModel): Promise<boolean> {
  const key = await keyOf(model);
  const entries = await entriesOf(surroundings);
  const others = entries.filter((entry) => entry.key !== key);
  if (others.length === entries.length) return false;
  await writeJson(machinesFile(surroundings), { version: 2, entries: others });
  return true;
}

async function keyOf(model: KnownModel): Promise<string> {
  return (await engines.llama.machine()).machineKey(model);
}

/** A file that is damaged, or of another version, is as good as none: all in it can be measured again. */
async function entriesOf(surroundings: Surroundings): Promise<MachineEntry[]> {
  return (await readJson(machinesFile(surroundings), fileSchema))?.entries ?? [];
}
