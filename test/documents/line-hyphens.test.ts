import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { extractText } from '../../src/documents/extract.js';
import { wordAcrossLines, wordsOfLines } from '../../src/documents/line-hyphens.js';
import { pdfOf } from '../helpers/document-files.js';

describe('a hyphen at the end of a line', () => {
  const cases: readonly [before: string, after: string, elsewhere: string, joined: string | null][] = [
    ['at the ma-', 'chine beside', '', 'machine'],
    ['a ma\u00ad', 'chine', 'a ma-chine', 'machine'],
    ['a ma\u2010', 'chine', '', 'machine'],
    ['a well-', 'known town', '', 'wellknown'],
    ['a well-', 'known town', 'it is well-known', 'well-known'],
    ['a Well-', 'known town', 'it is well\u2010known', 'Well-known'],
    ['he co-', 'operates', 'co-operates, cooperates', 'cooperates'],
    ['state-of-the-', 'art thing', '', 'state-of-the-art'],
    ['state-of-', 'the-art thing', '', 'state-of-the-art'],
    ['mother-', 'in-law', '', 'mother-in-law'],
    ['well-estab-', 'lished rules', 'an established rule', 'well-established'],
    ['uni-', 'versity-based', 'the university', 'university-based'],
    ['pre-', 'and post-war', '', null],
    ['Ein-', 'und Ausgang', '', null],
    ['10-', 'euro note', '', null],
    ['Jean-', 'Luc', '', null],
    ['a thought -', 'and another', '', null],
  ];
  for (const [before, after, elsewhere, joined] of cases)
    test(`${before}|${after}${elsewhere === '' ? '' : ` beside "${elsewhere}"`} → ${joined ?? 'two lines'}`, () => {
      const across = wordAcrossLines(before, after, wordsOfLines([before, after, elsewhere]));
      const text = across === null ? null : before.slice(0, across === 'cut' ? -1 : undefined) + after;
      const whole = joined === null || text === null ? text : text.replaceAll('\u2010', '-').match(/\S*-?\S*/gu);
      if (joined === null) assert.equal(whole, null);
      else assert.ok(whole?.includes(joined), `${whole}`);
    });

  test('of a PDF is told by all of its pages', async () => {
    const line = (text: string, y: number) => ({ text, size: 11, y });
    const bytes = pdfOf([
      [
        line('It is a well-', 740),
        line('known place with a state-of-the-', 726),
        line('art ma-', 712),
        line('chine.', 698),
      ],
      [line('The town is well-known.', 740)],
    ]);
    const { text } = await extractText({ name: 'a.pdf', bytes }, assert.fail);
    assert.equal(text, 'It is a well-known place with a state-of-the-art machine.\n\nThe town is well-known.');
  });
});
