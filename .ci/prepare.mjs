// Builds the program where it is missing or older than what it is made of. npm runs `prepare` after `npm ci` and again
// at the first `npx slm` in a clone, which would otherwise take the program away from under one that runs.
import { execSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const changed = (...parts) => statSync(path.join(root, ...parts), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const made = changed('dist', 'bundle', 'main.js');
// A folder changes when a file in it is added, removed or renamed.
const sources = ['.', ...readdirSync(path.join(root, 'src'), { recursive: true })].map((file) =>
  path.join('src', file),
);
const inputs = [...sources, 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', '.ci/bundle.mjs'];
if (!inputs.every((file) => changed(file) < made)) {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  execSync('npm run --silent build', { cwd: root, stdio: 'inherit' });
}
