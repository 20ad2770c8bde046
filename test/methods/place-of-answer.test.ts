import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { placeOfAnswer } from '../../src/methods/passage-spans/place-of-answer.js';
import { words } from '../../src/segment.js';

/** Each sentence is a group. */
function passages(...sentences: readonly string[]) {
  let text = '';
  const all = sentences.flatMap((sentence, group) => {
    const start = text.length;
    text += `${sentence} `;
    return words(sentence).map((word) => ({ start: start + word.start, end: start + word.end, group }));
  });
  return { text, words: all };
}

function found(answer: string, ...sentences: readonly string[]): string | null {
  const joined = passages(...sentences);
  const span = placeOfAnswer(answer, joined);
  return span === null ? null : joined.text.slice(span.start, span.end);
}

test('an answer stands where its words do, whatever their case and punctuation', () => {
  assert.equal(found('Herbal remedies.', 'The otachi used herbal remedies, among others.'), 'herbal remedies');
});

test('a number keeps its currency, sign, per cent and degrees', () => {
  assert.equal(found('38,000', 'Tuition was $38,000 in 2012.'), '$38,000');
  assert.equal(found('5', 'tandems and cargo bicycles cost £5.'), '£5');
  assert.equal(found('12,50', 'Das Ticket kostet 12,50 € am Tag.'), '12,50 €');
  assert.equal(found('7', 'About 7% of them stay.'), '7%');
  assert.equal(found('12', 'It fell to -12 °C in January.'), '-12 °C');
  assert.equal(found('12 degrees', 'At −12 degrees it stops.'), '−12 degrees');
  assert.equal(found('15', 'Open 10 - 15 daily.'), '15', 'a line between two numbers is no sign');
  assert.equal(found('cost', 'They cost £5.'), 'cost');
});

test('accents make no difference, and the passage is copied with its own', () => {
  assert.equal(found('in der zuricher Strasse 4', 'Sie wohnt in der Zürícher Straße 4.'), 'in der Zürícher Straße 4');
});

test('of a script without blanks, runs of characters are compared, however they are cut into words', () => {
  assert.equal(found('二零一九年三月', '茶馆于二零一九年三月开业。'), '二零一九年三月');
  assert.equal(found('ที่ร้าน', 'เขานั่งอยู่ที่ร้าน'), 'ที่ร้าน');
});

test('of an answer in more words than it needs, the longest run that the passage has', () => {
  assert.equal(
    found('The duty is to ensure that the law is observed', 'Its task is to ensure that the law is observed.'),
    'is to ensure that the law is observed',
  );
});

test('no run goes from one sentence into the next, and less than half of an answer is none', () => {
  assert.equal(found('in Rome. Paul', 'He lives in Rome.', 'Paul left.'), 'in Rome');
  assert.equal(found('the bakery was sold in the spring of 1999', 'She sold it in the autumn.'), null);
  assert.equal(found('', 'Anything.'), null);
});

test('a place is always whole words of the text', () => {
  const sentence = fc.array(fc.constantFrom('a', 'B', 'c,', '"d"', '12', 'é'), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sentence, fc.array(sentence, { minLength: 1, maxLength: 4 }), (answer, sentences) => {
      const joined = passages(...sentences.map((each) => each.join(' ')));
      const span = placeOfAnswer(answer.join(' '), joined);
      if (span === null) return;
      assert.ok(joined.words.some(({ start }) => start === span.start));
      assert.ok(joined.words.some(({ end }) => end === span.end));
    }),
  );
});
