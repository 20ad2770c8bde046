import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Llama } from 'node-llama-cpp';
import { checkGrammar } from '../../src/grammar/gbnf.js';
import { loadGrammarEngine, matcherOf } from '../helpers/gbnf-walk.js';

let llama: Llama;
before(async () => {
  llama = await loadGrammarEngine();
});
after(async () => {
  await llama.dispose();
});

describe('checkGrammar', () => {
  it('accepts what llama.cpp accepts', async () => {
    for (const source of [
      'root ::= "a"',
      '# a comment\nroot ::= item+ # one\n\nitem ::= "x" |\n  "y" | ( "z"\n  [^\\]a-z"\\n\\x41] ){2,3} . \r\n',
      'root ::= "" "a"{0} [a-] [] "\\"\\\\" ("b" | )? "c"{1,}',
      'root ::= list\nlist ::= "(" list* ")"',
      'root ::= \n  "a"\n\n\nb ::= "x"{ 1 , 2 }',
      'root ::= <[3]> !<[4]>',
    ]) {
      await matcherOf(llama, source);
      assert.equal(checkGrammar(source), null, source);
    }
  });

  const wrong: readonly (readonly [source: string, problem: string])[] = [
    ['root ::= strng\nstring ::= "a"', '1:10: rule "strng" is not defined. Did you mean "string"?'],
    ['rot ::= "a"', '1:1: there is no rule "root", with which every grammar begins. Did you mean "rot"?'],
    ['', '1:1: there is no rule "root", with which every grammar begins.'],
    ['root ::= "a\n', '1:10: the text is not closed with "'],
    ['root ::= [a-z\n', '1:10: the class is not closed with ]'],
    ['root ::= "x" ("a" | b\nb ::= "c"', '1:14: the parenthesis is not closed'],
    ['root ::= "a")', '1:13: a parenthesis is closed that was not opened'],
    [
      'root ::= "a"\n  | "b"',
      '2:3: a rule ends with its line; put | at the end of the line before, or use parentheses',
    ],
    ['root ::= a_b', '1:11: the name of a rule has letters, digits and -, no _'],
    ['root := "a"', '1:6: expected ::= after the name of a rule'],
    ['root ::= "\\/"', '1:11: unknown escape \\/; known: \\" \\\\ \\[ \\] \\- \\n \\r \\t \\xHH \\uHHHH \\UHHHHHHHH.'],
    ['root ::= * "a"', '1:10: nothing stands before * that could be repeated'],
    ['root ::= "a"{2,b}', '1:13: a repetition is {n}, {m,} or {m,n}'],
    ['root ::= root "a" | "b"', '1:1: rule "root" begins with itself (root → root); llama.cpp cannot read that.'],
    ['root ::= a\na ::= "x"? b\nb ::= a', '2:1: rule "a" begins with itself (a → b → a); llama.cpp cannot read that.'],
    ['root ::= ""*', '1:12: an empty text cannot be repeated'],
    ['root ::= ("" | "a")+', '1:10: an item that is repeated without limit can be empty; llama.cpp cannot read that.'],
    [
      'root ::= x*\nx ::= | "a"',
      '1:10: an item that is repeated without limit can be empty; llama.cpp cannot read that.',
    ],
    ['root ::= (| "a") root | "c"', '1:1: rule "root" begins with itself (root → root); llama.cpp cannot read that.'],
    ['root ::= ("a"{0,500}){0,500}', '1:10: llama.cpp allows at most 2000 repetitions in repetitions, not 250500'],
    [
      'root ::= ("a" b "c"?){0,700}\nb ::= "b"',
      '1:10: llama.cpp allows at most 2000 repetitions in repetitions, not 2100',
    ],
    ["root ::= 'a'", "1:10: texts stand in double quotes, not '"],
  ];
  for (const [source, problem] of wrong) {
    it(`refuses ${JSON.stringify(source)}, as llama.cpp does`, async () => {
      assert.equal(checkGrammar(source), problem);
      await assert.rejects(matcherOf(llama, source));
    });
  }

  it('refuses a repetition that llama.cpp would refuse or read as unlimited, and a rule defined twice', () => {
    assert.equal(checkGrammar('root ::= "a"{3000}'), '1:13: llama.cpp allows at most 2000 repetitions, not {3000}');
    assert.equal(checkGrammar('root ::= "a"\nroot ::= "b"'), '2:1: rule "root" is defined twice');
  });

  it('refuses a NUL, which would end the grammar, and thousands of parentheses, in a second', () => {
    assert.equal(
      checkGrammar('root ::= "a\0b"'),
      '1:12: a NUL character ends the grammar for llama.cpp; write it as \\x00',
    );
    const deep = `root ::= ${'('.repeat(20_000)}"a"${')'.repeat(20_000)}`;
    assert.equal(checkGrammar(deep), '1:210: at most 200 parentheses stand in each other; name a part as a rule');
  });

  it('counts repetitions as llama.cpp does, to the last one', async () => {
    const accepts = async (source: string) =>
      await matcherOf(llama, source).then(
        () => true,
        () => false,
      );
    for (const source of [
      'root ::= ("a"{0,499}){0,4}',
      'root ::= ("a"{0,500}){0,4}',
      'root ::= ("a"+){1000}',
      'root ::= ("a"+){1001}',
      'root ::= (("a")){1000}',
      'root ::= (("a")){1001}',
      'root ::= x ("a" x){0,2000}\nx ::= "x"',
      'root ::= ("a" x){0,1001}\nx ::= "x"',
      'root ::= "a"{0,3}{0,667}',
      'root ::= "a"{2000}',
      'root ::= []*',
    ]) {
      assert.equal(checkGrammar(source) === null, await accepts(source), source);
    }
  });
});

it('follows any number of rules that begin with each other', () => {
  const count = 12_000;
  const chain = Array.from({ length: count }, (_, i) => `r${i} ::= r${i + 1}\n`).join('');
  assert.equal(checkGrammar(`root ::= r0\n${chain}r${count} ::= "a"\n`), null);
  assert.match(
    checkGrammar(`root ::= r0\n${chain}r${count} ::= r${count - 1}\n`) ?? '',
    /begins with itself \(r11999 → /u,
  );
});
