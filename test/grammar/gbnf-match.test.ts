import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grammarMatcher } from '../../src/grammar/gbnf-match.js';
import { loadGrammarEngine, matcherOf } from '../helpers/gbnf-walk.js';

const grammars = [
  `root ::= "a" [0-9]+ ("," [0-9]{2,3})*`,
  String.raw`root ::= word ( " " word )? "."
word ::= [A-Z] [a-zé\-]*`,
  String.raw`root ::= [^"\\\n]{0,4} "\"" | "\u00e9\x41" .`,
  'root ::= "(" root ")" | ""',
  'root ::= ("a"? "b"?){2} "c"',
  'root ::= item{2,}\nitem ::= "x" | "yy" # two kinds',
] as const;

const texts = [
  '',
  'a1',
  'a1,22',
  'a1,22,333',
  'a1,2',
  'Ab.',
  'Ab C-d.',
  'Ab c.',
  'x"',
  'abcde"',
  'éAz',
  'éA',
  '(())',
  '(()',
  'abc',
];
texts.push('ababc', 'c', 'bbc', 'xx', 'xyy', 'yyx', 'y', 'yyyyx');

test('a grammar accepts the texts that llama.cpp accepts', async (t) => {
  const llama = await loadGrammarEngine();
  t.after(() => llama.dispose());
  for (const grammar of grammars) {
    const ours = grammarMatcher(grammar);
    const theirs = await matcherOf(llama, grammar);
    for (const text of texts.filter((each) => each !== ''))
      assert.equal(ours(text), theirs(text), `${grammar}: ${text}`);
  }
});

test('what cannot be told is accepted: tokens, and rules that call each other without end', () => {
  assert.equal(grammarMatcher('root ::= <|end|>')('x'), true);
  assert.equal(grammarMatcher('root ::= "a" root | "b"')('a'.repeat(200_000)), true);
});
