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

/** The modules of node-llama-cpp that the engine asks for by name, as one part of the bundle: a start needs most of them. */
const libraryInternals = {
  name: 'library-internals',
  setup(build) {
    build.onResolve({ filter: /^library-internals$/ }, () => ({ path: 'all', namespace: 'library-internals' }));
    build.onLoad({ filter: /./, namespace: 'library-internals' }, () => {
      const modules = internals.map((name, i) => `export * as module${i} from ${JSON.stringify(`./${name}`)};`);
      return { contents: modules.join('\n'), loader: 'js', resolveDir: library };
    });
    build.onLoad({ filter: /[\\/]patches[\\/]internals\.js$/ }, ({ path: file }) => {
      const own = readFileSync(file, 'utf8').replace(
        'export async function importInternal',
        'async function unbundled',
      );
      const contents = `${own}
export async function importInternal(name) {
  return (await import('library-internals'))['module' + internals.indexOf(name)] ?? unbundled(name);
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

const inDist = (names) => names.map((name) => path.join(root, 'dist', ...name.split('/')));
const mainText = readFileSync(path.join(root, 'dist', 'cli', 'main.js'), 'utf8');
/** What the program loads at every start, before anything else. */
const loadedFirst = [...mainText.matchAll(/^import .* from '(\..*)';$/gm)].map(([, name]) =>
  path.join(root, 'dist', 'cli', name),
);
/** These load what opens a task and runs it. */
const opening = ['cli/run/run-task.js', 'app/run/task-source.js'];
/** These load nearly all of that themselves, or are loaded after it. */
const withOpening = [
  'app/cascading/choose-cascade.js',
  'app/opening/choose-model.js',
  'app/opening/constants.js',
  'app/opening/documents.js',
  'app/opening/machines.js',
  'app/opening/open-model.js',
  'app/opening/prepare-task.js',
  'app/opening/tuned-settings.js',
  'app/run/files-read.js',
  'app/run/task-source.js',
  'app/serving/pool.js',
  'app/tasks/check-task.js',
  'app/tasks/tuned-for.js',
  'app/warm/host.js',
  'cli/ask/ask.js',
  'cli/doctor/doctor.js',
  'cli/eval/command.js',
  'cli/eval/eval-page.js',
  'cli/models/command.js',
  'cli/run/dry-run.js',
  'cli/tune/tune-task.js',
  'engines/llama/open-engine.js',
  'engines/llama/speed-probe.js',
  'engines/llama/verify-derived.js',
  'methods/constrained-generation/candidates.js',
  'methods/embedding-head/candidates.js',
  'methods/head/candidates.js',
  'methods/label-likelihood/candidates.js',
  'methods/passage-spans/candidates.js',
  'profile/index.js',
];
const seen = new Set();
/**
 * esbuild puts modules into one file if the same dynamic imports lead to them. A hundred dynamic imports thus lead to
 * hundreds of small files, and each file that a start opens costs 0.3 ms. Imports that load nearly the same modules are
 * therefore made to load exactly the same.
 */
const fewerFiles = {
  name: 'fewer-files',
  setup(build) {
    const large = inDist(withOpening);
    build.onResolve({ filter: /^\./ }, ({ path: name, kind, importer, resolveDir }) =>
      kind === 'dynamic-import' && importer.startsWith(path.join(root, 'dist') + path.sep)
        ? { path: path.resolve(resolveDir, name), namespace: 'fewer-files' }
        : undefined,
    );
    build.onLoad({ filter: /./, namespace: 'fewer-files' }, ({ path: file }) => {
      seen.add(file);
      const others = [...loadedFirst, ...(large.includes(file) ? inDist(opening) : [])];
      const lines = others.map((other) => `import ${JSON.stringify(other)};`);
      return { contents: [`export * from ${JSON.stringify(file)};`, ...lines].join('\n'), resolveDir: root };
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
  // The process that indexes documents is looked for beside the module that starts it.
  entryPoints: {
    main: path.join('dist', 'cli', 'main.js'),
    'update-worker': path.join('dist', 'documents', 'store', 'update-worker.js'),
  },
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
  plugins: [withoutUnused, libraryInternals, englishOnly, fewerFiles],
  logLevel: 'warning',
});
const unknown = withOpening.filter((name) => !seen.has(...inDist([name])));
if (unknown.length > 0)
  throw new Error(`.ci/bundle.mjs lists modules that nothing imports dynamically: ${unknown.join(', ')}`);
