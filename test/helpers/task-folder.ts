import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { loadProfile } from '../../src/profile/index.js';
import type { TaskProfile } from '../../src/types.js';

/** Writes files, named relative to a new folder that goes with the test, and gives the folder. */
export function filesIn(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'slm-task-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

/** Writes a project and loads a task of it. Tasks are found by name in its folder `tasks`. */
export function load(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  spec = './task.yaml',
): Promise<TaskProfile> {
  const cwd = filesIn(t, files);
  return loadProfile(spec, { cwd, folders: [{ directory: path.join(cwd, 'tasks'), title: 'project' }] });
}
