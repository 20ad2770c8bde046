import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { readGgufHeader } from '../../src/gguf/header.js';
import { gemma, modelFile, smollm } from '../helpers/models.js';
import { assertClearError, assertNoTrace, linesOf, moodTask, parsed, runSlm, tempFolder } from '../helpers/slm.js';

let smollmFile: string;
before(async () => {
  smollmFile = await modelFile(smollm);
  await modelFile(gemma);
});

const run = (args: string[], options: Parameters<typeof runSlm>[1] = {}) =>
  runSlm(['run', moodTask(), '-m', smollm, ...args], options);

function fileOf(t: TestContext, name: string, content: string | Uint8Array): string {
  const file = path.join(tempFolder(t), name);
  writeFileSync(file, content);
  return file;
}

describe('input files', () => {
  test('an empty file has no records', async (t) => {
    for (const args of [
      [fileOf(t, 'empty.jsonl', '')],
      ['--lines', fileOf(t, 'empty.txt', '')],
      [fileOf(t, 'e.csv', '')],
    ]) {
      const { code, stdout, stderr } = await run(args);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, '');
    }
  });

  test('a table of no records has its header, in a pipe and in a file', async (t) => {
    const empty = fileOf(t, 'empty.csv', 'text,shop\n');
    const header = 'id,label,abstained,score,score_good,score_bad,error\n';
    assert.equal((await run(['--format', 'csv', empty])).stdout, header);
    const output = path.join(tempFolder(t), 'out.csv');
    assert.equal((await run(['-o', output, empty])).code, 0);
    assert.equal(readFileSync(output, 'utf8'), header);
    // A job that goes on later writes it with its first record.
    const kept = path.join(tempFolder(t), 'kept.csv');
    assert.equal((await run(['-o', kept, empty, '--resume'])).code, 0);
    writeFileSync(empty, 'text,shop\nLovely.,Kiel\n');
    assert.equal((await run(['-o', kept, empty, '--resume'])).code, 0);
    assert.equal(readFileSync(kept, 'utf8').split('\n').length, 3);
  });

  test('a missing file, a folder and a PDF are refused in one line', async (t) => {
    const folder = tempFolder(t);
    assertClearError(await run([path.join(folder, 'nowhere.txt')]), 2, /no file ".*nowhere\.txt"/u);
    assertClearError(await run([folder]), 2, /is a folder/u);
    assertClearError(await run([fileOf(t, 'a.txt', '%PDF-1.7\n%\xe2\xe3\n1 0 obj\n')]), 2, /is a PDF.*not text/u);
    assertClearError(await run(['--lines'], { input: '%PDF-1.7\n%\n' }), 2, /standard input is a PDF/u);
    assertClearError(await run([smollmFile]), 2, /is a model \(GGUF\), not text/u);
  });

  test('bytes that are no text are read as the documentation says, and blank lines keep their place', async (t) => {
    const head = Buffer.from('\ufeffGood caf\u00e9\r\n\r\nnul \u0000 byte\r\ninvalid ', 'utf8');
    const file = fileOf(
      t,
      'ugly.txt',
      Buffer.concat([head, Buffer.from([0xff, 0xc3]), Buffer.from(' here\nlast, no end')]),
    );
    const { code, stdout, stderr } = await run(['--lines', '--json', file]);
    assert.equal(code, 0, stderr);
    const results = parsed(stdout);
    assert.deepEqual(
      results.map(({ id }) => id.slice(id.lastIndexOf(':') + 1)),
      ['1', '2', '3', '4', '5'],
    );
    assert.equal(results[0].text, 'Good caf\u00e9');
    assert.equal(results[1].text, '');
    assert.equal(results[1].label, null);
    assert.equal(results[2].text, 'nul \u0000 byte');
    assert.match(results[3].text, /^invalid \ufffd+ here$/u);
    assert.equal(results[4].text, 'last, no end');
    assert.match(stderr, /slm: .*ugly\.txt.*4/u);
    const rows = linesOf((await run(['--lines', file])).stdout);
    assert.equal(rows.length, 5);
    assert.match(rows[1] as string, /^abstain\t0\.0000\t$/u);
  });

  test('UTF-16 with its mark is read', async (t) => {
    const text = 'Grüße 🎉\nfine';
    const little = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
    const { code, stdout, stderr } = await run(['--lines', '--json', fileOf(t, 'utf16.txt', little)]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      parsed(stdout).map((result) => result.text),
      ['Grüße 🎉', 'fine'],
    );
  });

  test('a line of 100 MB becomes an error record in bounded memory', async (t) => {
    const folder = tempFolder(t);
    const file = path.join(folder, 'long.txt');
    const descriptor = openSync(file, 'w');
    writeSync(descriptor, 'before\n');
    const megabyte = 'x'.repeat(1 << 20);
    for (let i = 0; i < 100; i++) writeSync(descriptor, megabyte);
    writeSync(descriptor, '\nafter\n');
    closeSync(descriptor);
    const peakOf = async (input: string) => {
      const report = path.join(folder, 'peak');
      const preload = `import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(${JSON.stringify(report)},String(process.resourceUsage().maxRSS)))`;
      const result = await run(['--lines', '--json', input], {
        env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(preload)}` },
      });
      return { result, peak: Number(readFileSync(report, 'utf8')) / 1024 };
    };
    const { result, peak } = await peakOf(file);
    assert.equal(result.code, 4, result.stderr);
    const results = parsed(result.stdout);
    assert.equal(results.length, 3);
    assert.match(results[0].label, /^(good|bad)$/u);
    assert.match(results[1].error, /8 ?MiB|max-record-size/u);
    assert.match(results[2].label, /^(good|bad)$/u);
    const usual = await peakOf(fileOf(t, 'short.txt', 'before\n\nafter\n'));
    assert.ok(peak - usual.peak < 100, `${peak.toFixed(0)} MB beside ${usual.peak.toFixed(0)} MB`);
  });
});

describe('the command line', () => {
  test('an unknown task, option, command or format is named, with what was probably meant', async () => {
    assertClearError(
      await runSlm(['run', 'sentimant', '-t', 'x']),
      2,
      /no task "sentimant".*Did you mean "sentiment"/u,
    );
    for (const [args, message] of [
      [['run', 'sentiment', '--lins'], /unknown option '--lins'[\s\S]*--lines/u],
      [['rnu'], /unknown command 'rnu'[\s\S]*run/u],
      [['run', 'sentiment', '--format', 'xml', '-t', 'x'], /xml/u],
      [['run', 'sentiment', '--threshold', '7', '-t', 'x'], /0 to 1/u],
      [['run', 'sentiment', '-t', 'x', '-o', 'x.xml'], /"x\.xml" is no output format/u],
      [['run', 'sentiment', '-t', 'x', 'examples/reviews.txt'], /either files or --text/u],
    ] as const) {
      const result = await runSlm(args);
      assert.equal(result.code, 2, `${args.join(' ')}: ${result.stderr}`);
      assert.match(result.stderr, message);
      assertNoTrace(result.stderr);
      assert.equal(result.stdout, '');
    }
  });

  test('what needs no model loads none', async (t) => {
    const nothing = { XDG_DATA_HOME: tempFolder(t) };
    for (const args of [
      ['--help'],
      ['--version'],
      ['tasks', 'list'],
      ['tasks', 'show', 'sentiment'],
      ['tasks', 'validate'],
      ['models', 'list'],
      ['run', 'sentiment', '--dry-run', '-t', 'a review <|im_start|>'],
      ['run', 'ner', '--dry-run', '-t', 'a text'],
      ['run', 'qa', '--dry-run', '-t', 'a question?'],
    ]) {
      const { code, stdout, stderr, ms } = await runSlm([...args, '--offline'], { env: nothing });
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
      assert.ok(stdout.length > 0);
      // 0.3 to 0.5 s on a machine with nothing else to do; whatever would load a model or wait for a network takes longer.
      assert.ok(ms < 60_000, `${args.join(' ')}: ${ms.toFixed(0)} ms`);
    }
  });

  test('--dry-run shows the text of the first record', async () => {
    const { stdout } = await runSlm(['run', 'sentiment', '--dry-run', '-t', 'the zebra was late']);
    assert.match(stdout, /the zebra was late/u);
  });

  test('NO_COLOR and --no-color leave out colours, FORCE_COLOR gives them', async () => {
    const args = ['--format', 'pretty', '-t', 'Lovely.'];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this is about
    const colour = /\u001b\[/u;
    assert.match((await run(args, { env: { FORCE_COLOR: '1' } })).stdout, colour);
    assert.doesNotMatch((await run(args, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout, colour);
    assert.doesNotMatch((await run([...args, '--no-color'], { env: { FORCE_COLOR: '1' } })).stdout, colour);
    assert.doesNotMatch((await run(args)).stdout, colour);
  });

  test('--debug writes the log of llama.cpp to stderr, never to stdout', async () => {
    const { code, stdout } = await run(['--debug', '-t', 'Lovely.']);
    assert.equal(code, 0);
    assert.equal(linesOf(stdout).length, 1);
    assert.match(stdout, /^(good|bad)\t[\d.]+\tLovely\.$/mu);
  });
});

describe('models that are none', () => {
  test('one clear line, exit code 3', async (t) => {
    const folder = tempFolder(t);
    const at = (name: string) => path.join(folder, name);
    writeFileSync(at('empty.gguf'), '');
    writeFileSync(at('page.gguf'), '<!DOCTYPE html><html><body>404 Not Found</body></html>\n');
    writeFileSync(at('random.gguf'), Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)));
    writeFileSync(at('magic.gguf'), Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(2000, 0xff)]));
    copyFileSync(smollmFile, at('half.gguf'));
    truncateSync(at('half.gguf'), 40_000_000);
    copyFileSync(smollmFile, at('header.gguf'));
    truncateSync(at('header.gguf'), 1000);
    mkdirSync(at('folder.gguf'));
    for (const [name, message] of [
      ['empty.gguf', /is empty/u],
      ['page.gguf', /a web page, not a GGUF/u],
      ['random.gguf', /not a GGUF/u],
      ['magic.gguf', /cut off|damaged/u],
      ['half.gguf', /is cut off/u],
      ['header.gguf', /cut off|damaged/u],
      ['folder.gguf', /is a folder/u],
      ['nowhere.gguf', /no file/u],
    ] as const) {
      const result = await runSlm(['run', moodTask(), '-m', at(name), '-t', 'x']);
      assertClearError(result, 3, message);
      assert.equal(result.stdout, '', name);
    }
    assertClearError(
      await runSlm(['run', moodTask(), '-m', 'gemma-3-270', '-t', 'x']),
      3,
      /Did you mean "gemma-3-270m"/u,
    );
  });

  test('a damaged model whose header is right does not crash', async (t) => {
    const file = path.join(tempFolder(t), 'damaged.gguf');
    copyFileSync(smollmFile, file);
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, Buffer.alloc(1 << 20, 0xff), 0, 1 << 20, 50_000_000);
    closeSync(descriptor);
    const { code, stderr } = await runSlm(['run', moodTask(), '-m', file, '-t', 'x']);
    // Nobody can see this in a file of one's own; numbers that are none must not come out as results.
    assert.ok(code !== null && [0, 1, 3, 4].includes(code), `${code}: ${stderr}`);
    assertNoTrace(stderr);
  });

  test('a model that gives no numbers ends each kind of task, and no result comes out', async (t) => {
    const file = path.join(tempFolder(t), 'nan.gguf');
    copyFileSync(smollmFile, file);
    const { dataStart, tensors } = readGgufHeader(file);
    const norm = tensors.find(({ name }) => name === 'output_norm.weight');
    assert.ok(norm?.bytes);
    const descriptor = openSync(file, 'r+');
    // All bits set: not a number.
    writeSync(descriptor, Buffer.alloc(norm.bytes, 0xff), 0, norm.bytes, dataStart + norm.offset);
    closeSync(descriptor);
    for (const body of [
      'type: classify\nlabels: [good, bad]',
      'type: classify\nlabels: [good, bad]\nmultiLabel: true',
      'type: extract\nlabels: [person]',
      'type: extract\nlabels: [person]\nmethod: span-copying',
      'type: generate',
      'type: generate\nschema: { enum: [a, b] }',
      'type: answer\ndocuments: facts.txt',
    ]) {
      const folder = tempFolder(t);
      writeFileSync(path.join(folder, 'facts.txt'), 'The bridge opened in 1932.\n');
      writeFileSync(path.join(folder, 'task.yaml'), `name: t\n${body}\n`);
      const result = await runSlm(['run', folder, '-m', file, '-t', 'When was the bridge opened?', '--json']);
      assertClearError(result, 3, /nan\.gguf gives no numbers \(NaN\); the file may be damaged/u);
      assert.equal(result.stdout, '', body);
    }
  });

  test('--offline does not fetch', async (t) => {
    const env = { XDG_DATA_HOME: tempFolder(t) };
    assertClearError(
      await runSlm(['run', 'sentiment', '--offline', '-t', 'x'], { env }),
      3,
      /not installed.*--offline/u,
    );
    assertClearError(
      await runSlm(['run', 'sentiment', '-t', 'x'], { env: { ...env, HF_HUB_OFFLINE: '1' } }),
      3,
      /not installed/u,
    );
  });
});
