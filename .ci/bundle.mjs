// After tsc: the program and what it needs of its packages in a few files (dist/bundle), because opening, resolving and
// compiling hundreds of modules one by one is a large part of a start. The modules of dist stay as they
// are, for whoever imports the package; bin/slm.js runs the bundle.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const library = path.join(root, 'node_modules', 'node-llama-cpp', 'dist');
const internalsModule = path.join(root, 'dist', 'engines', 'llama', 'patches', 'internals.js');
const outdir = path.join(root, 'dist', 'bundle');
const { internals } = await import(internalsModule);

/** The modules of node-llama-cpp that the engine asks for by name, as parts of the bundle. */
const libraryInternals = {
  name: 'library-internals',
  setup(build) {
    build.onLoad({ filter: /[\\/]patches[\\/]internals\.js$/ }, ({ path: file }) => {
      const modules = internals.map(
        (name) => `  '${name}': () => import(${JSON.stringify(path.join(library, name))}),`,
      );
      const own = readFileSync(file, 'utf8').replace(
        'export async function importInternal',
        'async function unbundled',
      );
      const contents = `${own}
const modules = {
${modules.join('\n')}
};
export async function importInternal(name) {
  return await (modules[name]?.() ?? unbundled(name));
}
`;
      return { contents, loader: 'js' };
    });
    // Its files still look for the native binaries from where they were.
    build.onLoad({ filter: /[\\/]node-llama-cpp[\\/]dist[\\/].*\.js$/ }, ({ path: file }) => {
      const place = JSON.stringify(path.relative(library, file).replaceAll('\\', '/'));
      const contents = readFileSync(file, 'utf8').replaceAll(
        'import.meta.url',
        `new URL(${place}, import.meta.resolve('node-llama-cpp')).href`,
      );
      return { contents, loader: 'js' };
    });
  },
};

/**
 * Parts of node-llama-cpp that the engine never comes to: chats, decisions, building llama.cpp from its source, with the
 * packages for these. They are half of it, and a start would read them each time. What is exported under a name
 * that is missing here stops the build.
 */
const unused = {
  'utils/getLlamaClasses.js': ['getLlamaClasses'],
  'evaluator/LlamaDecisionContext/LlamaDecisionContext.js': ['LlamaDecisionContext'],
  'utils/withProgressLog.js': ['withProgressLog'],
  'utils/withOra.js': ['default'],
  'simple-git': ['simpleGit', 'ResetMode', 'CheckRepoActions'],
};
const withoutUnused = {
  name: 'without-unused',
  setup(build) {
    const pattern = /[\\/]node_modules[\\/](?:node-llama-cpp[\\/]dist[\\/](.+)|(simple-git)[\\/].+)$/;
    build.onLoad({ filter: pattern }, ({ path: file }) => {
      const [, own, other] = pattern.exec(file);
      const name = (own ?? other).replaceAll('\\', '/');
      const names = unused[name];
      if (names === undefined) return undefined;
      const missing = JSON.stringify(`${name} is not part of the bundle`);
      const lines = names.map(
        (each, i) => `function missing${i}() { throw new Error(${missing}); }
export { missing${i} as ${each} };`,
      );
      return { contents: lines.join('\n'), loader: 'js' };
    });
  },
};

/** Messages of zod in forty languages: half of its size, and we write our own. */
const englishOnly = {
  name: 'english-only',
  setup(build) {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
      loader: 'js',
    }));
  },
};

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { main: path.join('dist', 'cli', 'main.js') },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  // Packages in CommonJS ask for Node's own modules in their way.
  banner: { js: "import{createRequire as requireFrom}from'node:module';const require=requireFrom(import.meta.url);" },
  // With native or WebAssembly parts, or hardly ever used.
  external: ['node-llama-cpp', '@node-llama-cpp/*', 'ink', 'react', 'react/*', 'unpdf', 'html-to-text', 'htmlparser2'],
  plugins: [withoutUnused, libraryInternals, englishOnly],
  logLevel: 'warning',
});
