// Makes package-lock.json install one CPU binary of llama.cpp a machine (317 MB instead of 957 MB in a clone), on
// every platform. `npm run lock` after every change of dependencies; `--check` only looks, for `npm run check`.
import { readFileSync, writeFileSync } from 'node:fs';

const file = 'package-lock.json';
const before = readFileSync(file, 'utf8');
const lock = JSON.parse(before);
const { packages } = lock;

const systems = {
  mac: 'darwin',
  darwin: 'darwin',
  win: 'win32',
  win32: 'win32',
  linux: 'linux',
  android: 'android',
  freebsd: 'freebsd',
  openharmony: 'openharmony',
};
const processors = {
  x64: 'x64',
  arm64: 'arm64',
  ia32: 'ia32',
  arm: 'arm',
  armv7l: 'arm',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
};

dropGpuBinaries();
addMissingPlatforms();
narrowProcessors();
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));

const after = `${JSON.stringify(lock, null, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(file, after);
} else if (after !== before) {
  process.stderr.write(`${file} would install more than it must: run \`npm run lock\`\n`);
  process.exit(1);
}

/** Whoever wants them installs them beside it: docs/install.md. */
function dropGpuBinaries() {
  const isGpu = (name) => /^@node-llama-cpp\/.*-(cuda|cuda-ext|vulkan)$/.test(name);
  const wished = packages['node_modules/node-llama-cpp'].optionalDependencies;
  for (const name of Object.keys(wished)) if (isGpu(name)) delete wished[name];
  for (const key of Object.keys(packages)) if (isGpu(key.replace(/^.*node_modules\//, ''))) delete packages[key];
}

/** npm leaves out optional packages that the registry in use does not have, and `npm ci` then refuses the lock. */
function addMissingPlatforms() {
  for (const [key, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isThere(key, name)) continue;
      const words = name.split(/[/-]/);
      const os = words.map((word) => systems[word]).find(Boolean);
      const cpu = words.map((word) => processors[word]).find(Boolean);
      if (!os || !cpu || !/^\d/.test(version)) throw new Error(`${name}@${version}: cannot tell its platform`);
      packages[`node_modules/${name}`] = {
        version,
        cpu: [cpu],
        ...(entry.dev ? { dev: true } : {}),
        ...(name.includes('musl') ? { libc: ['musl'] } : {}),
        optional: true,
        os: [os],
      };
    }
  }
}

/** Whether the package at `key` finds `name`, in its own folder or one above. */
function isThere(key, name) {
  if (packages[`node_modules/${name}`] !== undefined) return true;
  const steps = key === '' ? [] : key.split('/node_modules/');
  return steps.some(
    (_, depth) => packages[`${steps.slice(0, depth + 1).join('/node_modules/')}/node_modules/${name}`] !== undefined,
  );
}

/** linux-arm64 and others say that they are for x64, too, which is true of packaging only. */
function narrowProcessors() {
  for (const [key, entry] of Object.entries(packages)) {
    if (!key.includes('@node-llama-cpp/')) continue;
    const own = key
      .split(/[/-]/)
      .map((word) => processors[word])
      .find(Boolean);
    if (own) entry.cpu = [own];
  }
}
