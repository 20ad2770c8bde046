// Before `npm pack`: node-llama-cpp travels in the tarball (`bundleDependencies`), without its wish for GPU binaries
// and without its sources for compiling, so that an installed slm has 110 MB instead of 770. npm honours neither
// `overrides` nor a shrinkwrap of an installed tarball; a bundled dependency it takes as it is. The CPU binaries
// are our own `optionalDependencies`. `--restore`, after packing, puts everything back.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const folder = 'node_modules/node-llama-cpp';
const manifest = `${folder}/package.json`;
const aside = 'node_modules/.slm-pack';
const sources = `${folder}/llama/gitRelease.bundle`;

if (process.argv.includes('--restore')) {
  if (existsSync(`${aside}.json`)) renameSync(`${aside}.json`, manifest);
  if (existsSync(`${aside}.bundle`)) renameSync(`${aside}.bundle`, sources);
} else {
  if (existsSync(`${folder}/llama/localBuilds`))
    throw new Error(`${folder} has been compiled here: run \`npm ci\` first`);
  const text = readFileSync(manifest, 'utf8');
  if (!existsSync(`${aside}.json`)) writeFileSync(`${aside}.json`, text);
  const slim = JSON.parse(text);
  delete slim.optionalDependencies;
  delete slim.scripts.postinstall;
  writeFileSync(manifest, JSON.stringify(slim, null, 2));
  if (existsSync(sources)) renameSync(sources, `${aside}.bundle`);
}
