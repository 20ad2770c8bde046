import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../folders.js';
import type { Manifest, ModelEvents } from './types.js';

/** Shows the licence notice of a model once: a marker in the data folder remembers that it was shown. */
export async function showLicence(manifest: Manifest, dataDir: string, events: ModelEvents): Promise<void> {
  const { name, url, notice } = manifest.license;
  const folder = join(dataDir, 'notices');
  const marker = join(folder, `${manifest.name}.txt`);
  if (notice === undefined || events.onNotice === undefined || existsSync(marker)) return;
  events.onNotice(`${manifest.title} — ${name} (${url})\n${notice}`);
  try {
    makeFolder(folder);
    await writeFile(marker, `${notice}\n`);
  } catch (error) {
    // Shown again next time where nothing can be written; no reason to stop.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
