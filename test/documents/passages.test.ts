import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { indexInMemory } from '../../src/documents/memory-index.js';
import { cutPassages } from '../../src/documents/passages.js';

const handbook = {
  id: 'handbook.md',
  source: 'handbook.md',
  text: `# Time off

Full-time staff have 28 days of paid leave a year. Part-time staff get a share of it.

## Sickness

Call your manager before 9 am. After three days a doctor's note is needed.

# Money

- Expenses are paid on the 15th.
- Salaries come on the last working day.

---
`,
};
const manual = {
  id: 'manual.txt',
  source: 'manual.txt',
  text: 'Hold the button for five seconds. The light turns green.',
};

describe('passages', () => {
  it('are the sentences with their place in the document, without headings and rules', () => {
    const { passages } = indexInMemory([handbook, manual]);
    assert.equal(passages.length, 8);
    for (const { document, start, end, text } of passages) assert.equal(document.text.slice(start, end), text);
    assert.ok(passages.every(({ text }) => !text.startsWith('#') && text !== '---'));
  });

  it('know the headings above them, outermost first', () => {
    const headings = indexInMemory([handbook, manual]).passages.map(({ heading }) => heading);
    assert.deepEqual(headings, [
      'Time off',
      'Time off',
      'Time off › Sickness',
      'Time off › Sickness',
      'Money',
      'Money',
      '',
      '',
    ]);
  });

  const cut = (text: string) => {
    const passages = cutPassages(text);
    for (const { start, end, text: own } of passages) assert.equal(text.slice(start, end), own);
    return passages.map(({ text: own, heading }) => [heading, own]);
  };

  it('are the lines of a long list without blank lines, and parts of a line without an end', () => {
    const lines = Array.from({ length: 299 }, (_, i) => `Member number ${i} may borrow books for ${i} weeks`);
    assert.deepEqual(
      cut(lines.join('\n')),
      lines.map((line) => ['', line]),
    );
    const words = Array.from({ length: 900 }, (_, i) => `word${i}`).join(' ');
    for (const long of [words, 'x'.repeat(5000), '长'.repeat(5000), '𐐷'.repeat(2000)]) {
      const parts = cut(`Short.\n\n${long}\n\nThe end.`).slice(1, -1);
      assert.ok(parts.every(([, part]) => (part as string).length <= 1000));
      assert.equal(parts.map(([, part]) => part).join(long === words ? ' ' : ''), long);
    }
  });

  it('of a paragraph that is wrapped and not too long stay sentences over line ends', () => {
    const text = 'The fee is paid\nby all members\nof the club. It is 5\neuros.';
    assert.deepEqual(cut(text), [
      ['', 'The fee is paid\nby all members\nof the club.'],
      ['', 'It is 5\neuros.'],
    ]);
  });

  it('are headings, too, if nothing stands below them or if they state a value', () => {
    assert.deepEqual(cut('# Club\n\n## Fee: 12 euros\n\nPaid in May.\n\n## Room 12\n\nIt is large.\n\n## Closed\n'), [
      ['Club', 'Fee: 12 euros'],
      ['Club › Fee: 12 euros', 'Paid in May.'],
      ['Club › Room 12', 'It is large.'],
      ['Club', 'Closed'],
    ]);
    assert.deepEqual(cut('# One\n## Two\n# Three\n'), [
      ['One', 'Two'],
      ['', 'Three'],
    ]);
  });

  it('are parts of fenced code, whose comments are no headings', () => {
    const code = '# The default port is 8080\nrun --fast\n\n  stop';
    for (const fence of ['```', '~~~', '````']) {
      assert.deepEqual(cut(`# Server\n\nStart it:\n${fence}sh\n${code}\n${fence}\nThe fee is 5 euros.\n`), [
        ['Server', 'Start it:'],
        ['Server', '# The default port is 8080'],
        ['Server', 'run --fast'],
        ['Server', 'stop'],
        ['Server', 'The fee is 5 euros.'],
      ]);
    }
    // Not closed, and no fence at all.
    assert.deepEqual(cut('Run:\n```\n# a b\nc'), [
      ['', 'Run:'],
      ['', '# a b'],
      ['', 'c'],
    ]);
    assert.deepEqual(cut('```a``` is code.\n\n# Next\n\nText.'), [
      ['', '```a``` is code.'],
      ['Next', 'Text.'],
    ]);
  });

  it('cover what is written, whatever it is', () => {
    const piece = fc.constantFrom(
      '# ',
      '## x: 1',
      '```',
      '~~~',
      '\n',
      '\n\n',
      '- ',
      'Word. ',
      '长',
      '🦔',
      '|a|b|',
      'x'.repeat(1200),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        let before = 0;
        for (const { start, end, text: own } of cutPassages(text)) {
          assert.ok(start >= before && end > start && end - start <= 1000);
          assert.equal(text.slice(start, end), own);
          before = end;
        }
      }),
    );
  });

  it('of nothing are none', () => {
    const index = indexInMemory([{ id: 'empty.md', source: 'empty.md', text: ' \n\n---\n' }]);
    assert.deepEqual(index.passages, []);
    assert.deepEqual(index.search('title?', 3), []);
    assert.equal(index.coverage('title?', []), 0);
  });
});

describe('search', () => {
  const index = indexInMemory([handbook, manual]);
  const best = (question: string) => index.search(question, 3)[0]?.passage.text;

  it('finds the sentence that has the words of the question', () => {
    assert.equal(best('How many days of leave do I have?'), 'Full-time staff have 28 days of paid leave a year.');
    assert.equal(best('What colour is the light?'), 'The light turns green.');
    assert.equal(best('When do salaries come?'), '- Salaries come on the last working day.');
  });

  it('finds plurals by their singular and the other way round', () => {
    assert.equal(best('a second?'), 'Hold the button for five seconds.');
    assert.equal(best('expense'), '- Expenses are paid on the 15th.');
  });

  it('finds a word as it stands in the document, whatever its ending', () => {
    for (const word of ['exceeds', 'proceedings', 'addresses', 'boxes', 'policies', 'housing', 'seeded', 'thesis']) {
      const found = indexInMemory([{ id: 'd', source: 'd', text: `Here is ${word}.` }]).search(`Which ${word}?`, 1);
      assert.equal(found.length, 1, word);
    }
  });

  it('does not mind case and the width of letters', () => {
    assert.equal(best('ＬＩＧＨＴ'), 'The light turns green.');
  });

  it('finds a sentence by its heading and by its neighbour', () => {
    assert.match(best('sickness') ?? '', /manager|doctor/u);
    const found = index.search('doctor', 3).map((hit) => hit.passage.text);
    assert.equal(found[0], "After three days a doctor's note is needed.");
    assert.ok(found.includes('Call your manager before 9 am.'));
  });

  it('gives at most so many, best first', () => {
    const found = index.search('days staff manager light', 4);
    assert.equal(found.length, 4);
    for (let i = 1; i < found.length; i++) assert.ok((found[i - 1]?.score as number) >= (found[i]?.score as number));
  });

  it('finds nothing for a question of function words only', () => {
    assert.deepEqual(index.search('What is it, and who are they?', 3), []);
  });

  it('finds words of scripts without spaces by pairs of characters', () => {
    const text = '京都は美しい。東京の天気は晴れです。大阪は雨です。';
    const japanese = indexInMemory([{ id: 'ja.txt', source: 'ja.txt', text }]);
    assert.equal(japanese.search('東京の天気は？', 1)[0]?.passage.text, '東京の天気は晴れです。');
  });

  it('does not mind accents', () => {
    const text = 'Der Höhenweg führt über die Grosse Straße. The khan married Yesün.';
    const index = indexInMemory([{ id: 'd', source: 'd', text }]);
    assert.match(index.search('hohenweg', 1)[0]?.passage.text ?? '', /Höhenweg/u);
    assert.match(index.search('strasse', 1)[0]?.passage.text ?? '', /Straße/u);
    assert.match(index.search('Who was Yesun?', 1)[0]?.passage.text ?? '', /Yesün/u);
    assert.equal(index.coverage('Yesun', index.passages), 1);
  });

  it('finds words of other scripts and numbers between characters without spaces', () => {
    const chinese = indexInMemory([{ id: 'zh', source: 'zh', text: '本店出售GPU显卡。2019年开业。' }]);
    assert.match(chinese.search('GPU', 1)[0]?.passage.text ?? '', /GPU/u);
    assert.match(chinese.search('2019', 1)[0]?.passage.text ?? '', /2019/u);
    const korean = indexInMemory([{ id: 'ko', source: 'ko', text: '서울에서 만났다. 부산은 덥다.' }]);
    assert.equal(korean.search('서울은 어디?', 1)[0]?.passage.text, '서울에서 만났다.');
  });

  it('finds a single character of such a script', () => {
    const chinese = indexInMemory([{ id: 'zh.txt', source: 'zh.txt', text: '门 开着。' }]);
    assert.equal(chinese.search('门 在哪里', 1).length, 1);
  });

  it('never takes a neighbour from another document', () => {
    const two = indexInMemory([
      { id: 'a', source: 'a', text: 'The zebra is here.' },
      { id: 'b', source: 'b', text: 'Nothing to see.' },
    ]);
    assert.deepEqual(
      two.search('zebra', 5).map((hit) => hit.passage.document.source),
      ['a'],
    );
  });
});

describe('coverage', () => {
  const index = indexInMemory([handbook, manual]);

  it('is 1 when every content word is there, 0 when none is', () => {
    const found = index.passages.filter((passage) => passage.document === manual);
    assert.equal(index.coverage('What is the green light?', found), 1);
    assert.equal(index.coverage('Who is the zebra?', found), 0);
    assert.equal(index.coverage('Who is it?', found), 0);
    assert.equal(index.coverage('green light', []), 0);
  });

  it('counts rare words more than common ones', () => {
    const texts = ['common apple.', 'common pear.', 'common rare.'].join('\n\n');
    const fruit = indexInMemory([{ id: 'f', source: 'f', text: texts }]);
    const [apple, , rare] = fruit.passages;
    assert.ok(apple !== undefined && rare !== undefined);
    // log(1 + 3/4) for "common", log(1 + 3/2) for "rare".
    const [common, once] = [Math.log(7 / 4), Math.log(5 / 2)];
    assert.ok(Math.abs(fruit.coverage('common rare?', [apple]) - common / (common + once)) < 1e-12);
    assert.equal(fruit.coverage('common rare?', [rare]), 1);
  });

  it('is in [0, 1] and grows with the passages', () => {
    const words = fc.array(fc.constantFrom('leave', 'days', 'light', 'zebra', 'the', '東京', '?', 'manager'), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(words, fc.subarray([...index.passages]), fc.nat(7), (asked, passages, more) => {
        const question = asked.join(' ');
        const covered = index.coverage(question, passages);
        assert.ok(covered >= 0 && covered <= 1 + 1e-12);
        const extra = index.passages[more];
        assert.ok(index.coverage(question, extra === undefined ? passages : [...passages, extra]) >= covered - 1e-12);
      }),
    );
  });
});

describe('windows', () => {
  const windows = (question: string, count: number, longest: number) =>
    indexInMemory([handbook, manual])
      .windows(question, count, longest)
      .map((window) => window.map(({ text }) => text));

  it('are whole sentences under one heading, best first', () => {
    assert.deepEqual(windows('When are salaries paid?', 1, 200), [
      ['- Expenses are paid on the 15th.', '- Salaries come on the last working day.'],
    ]);
    assert.deepEqual(windows('How many days of leave do staff have?', 1, 200), [
      ['Full-time staff have 28 days of paid leave a year.', 'Part-time staff get a share of it.'],
    ]);
  });

  it('end where another sentence does not fit', () => {
    assert.deepEqual(windows('Which light is green?', 1, 40), [['The light turns green.']]);
  });

  it('are none where no word of the question stands', () => {
    assert.deepEqual(windows('Who invented zymurgy?', 3, 200), []);
  });
});

describe('everything', () => {
  const index = indexInMemory([handbook, manual]);
  const texts = (longest: number, most: number) =>
    index.everything(longest, most).map((window) => window.map(({ text }) => text));

  it('is all sentences in their order, those under one heading together', () => {
    assert.deepEqual(
      texts(200, 600).map(([first]) => first),
      [
        'Full-time staff have 28 days of paid leave a year.',
        'Call your manager before 9 am.',
        '- Expenses are paid on the 15th.',
        'Hold the button for five seconds.',
      ],
    );
    assert.deepEqual(
      texts(200, 600).flat(),
      index.passages.map(({ text }) => text),
    );
  });

  it('is nothing where there is more than so much', () => {
    assert.deepEqual(texts(200, 100), []);
  });

  it('is put together whatever the headings, where many have little under them', () => {
    const text = Array.from({ length: 20 }, (_, i) => `# Part ${i}\n\nA line.\n`).join('\n');
    const windows = indexInMemory([{ id: 'd', source: 'd', text }]).everything(100, 300);
    assert.equal(windows.flat().length, 20);
    assert.ok(windows.length <= 6);
  });
});
