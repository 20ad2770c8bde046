import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readers } from '../../src/records/index.js';
import { rowsIn } from '../helpers/rows.js';

/** Entities of one sentence, given as `token/tag token/tag`. */
async function entities(tagged: string): Promise<unknown> {
  const [row] = await rowsIn(readers.conll, tagged.replaceAll(' ', '\n').replaceAll('/', '\t'));
  return row?.error ?? row?.fields.entities;
}

describe('conll', () => {
  it('reads a file without a blank line: one long sentence', async () => {
    const [row, ...others] = await rowsIn(readers.conll, 'a O\n'.repeat(200_000));
    assert.equal(row?.fields.text, Array(200_000).fill('a').join(' '));
    assert.equal(others.length, 0);
  });

  it('reads four columns, skips -DOCSTART- and knows where sentences start', async () => {
    const content =
      '-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n\n\nPeter NNP I-NP I-PER\nBlackburn NNP I-NP I-PER\n';
    assert.deepEqual(await rowsIn(readers.conll, content), [
      {
        fields: {
          text: 'EU rejects',
          tokens: ['EU', 'rejects'],
          entities: [{ text: 'EU', label: 'ORG', start: 0, end: 2 }],
        },
        origin: { file: 'input', line: 3 },
      },
      {
        fields: {
          text: 'Peter Blackburn',
          tokens: ['Peter', 'Blackburn'],
          entities: [{ text: 'Peter Blackburn', label: 'PER', start: 0, end: 15 }],
        },
        origin: { file: 'input', line: 7 },
      },
    ]);
  });

  it('takes tabs, blanks in a token, and lines of white space between sentences', async () => {
    const rows = await rowsIn(readers.conll, 'New York\tB-loc\n\t\nyes\tO\n');
    assert.deepEqual(
      rows.map((row) => row.fields.tokens),
      [['New York'], ['yes']],
    );
  });

  it('counts offsets in code points', async () => {
    assert.deepEqual(await entities('😀/O é/O Ann/B-PER'), [{ text: 'Ann', label: 'PER', start: 4, end: 7 }]);
  });

  const a = { text: 'a', label: 'X', start: 0, end: 1 };
  const b = { text: 'b', label: 'X', start: 2, end: 3 };
  const ab = { text: 'a b', label: 'X', start: 0, end: 3 };

  it('reads IOB1: B- only separates neighbours', async () => {
    assert.deepEqual(await entities('a/I-X b/I-X'), [ab]);
    assert.deepEqual(await entities('a/I-X b/B-X'), [a, b]);
  });

  it('reads IOB2', async () => {
    assert.deepEqual(await entities('a/B-X b/I-X'), [ab]);
    assert.deepEqual(await entities('a/B-X b/B-X'), [a, b]);
  });

  it('reads BIOES and BILOU', async () => {
    assert.deepEqual(await entities('a/B-X b/E-X'), [ab]);
    assert.deepEqual(await entities('a/S-X b/S-X'), [a, b]);
    assert.deepEqual(await entities('a/B-X b/L-X'), [ab]);
    assert.deepEqual(await entities('a/U-X b/B-X'), [a, b]);
  });

  it('begins an entity at an I- after O or after another label', async () => {
    assert.deepEqual(await entities('a/O b/I-X'), [b]);
    assert.deepEqual(await entities('a/B-X b/I-Y'), [a, { ...b, label: 'Y' }]);
  });

  const treebank = [
    '# sent_id = 1',
    '# text = Ann visita al Prado.',
    '1\tAnn\tAnn\tPROPN\tB-PER\t-',
    '2\tvisita\tvisitar\tVERB\tO\t-',
    '3-4\tal\t_\t_\tO\t-',
    '3\ta\ta\tADP\tO\t-',
    '4\tel\tel\tDET\tO\t-',
    '5\tPrado\tPrado\tPROPN\tB-LOC\t-',
    '5.1\t_\t_\t_\tO\t-',
  ].join('\n');

  it('finds words and tags where the first column numbers the words, and says so', async () => {
    const warnings: string[] = [];
    const rows = await rowsIn(readers.conll, `${treebank}\n\n# newpar\n1\tLeo\tLeo\tPROPN\tB-PER\t-\n`, {
      onWarning: (message) => warnings.push(message),
    });
    assert.deepEqual(
      rows.map((row) => [row.origin.line, row.error ?? row.fields.text]),
      [
        [3, 'Ann visita a el Prado'],
        [12, 'Leo'],
      ],
    );
    assert.deepEqual(rows[0]?.fields.entities, [
      { text: 'Ann', label: 'PER', start: 0, end: 3 },
      { text: 'Prado', label: 'LOC', start: 16, end: 21 },
    ]);
    assert.deepEqual(warnings, [
      'input: its first column numbers the words; they are read from column 2, their tags from column 5',
    ]);
  });

  it('reads the words of a treebank without tags', async () => {
    const warnings: string[] = [];
    const line = (n: number, word: string) => `${n}\t${word}\t_\tX\t_\t_\t0\troot\t_\t_\n`;
    const onWarning = (message: string) => warnings.push(message);
    const rows = await rowsIn(readers.conll, `${line(1, 'Yes')}\n${line(1, 'Go')}${line(2, 'home')}`, { onWarning });
    assert.deepEqual(
      rows.map((row) => row.fields),
      [
        { text: 'Yes', tokens: ['Yes'] },
        { text: 'Go home', tokens: ['Go', 'home'] },
      ],
    );
    assert.match(warnings[0] ?? '', /no column has tags such as B-PER/);
  });

  it('takes numbers that are words for words', async () => {
    assert.deepEqual(
      (await rowsIn(readers.conll, '1 CD O\n\n2 CD O\nBasel NNP B-ORG\n')).map((row) => row.fields.text),
      ['1', '2 Basel'],
    );
    assert.deepEqual(
      (await rowsIn(readers.conll, '1 O\n2 O\n')).map((row) => row.fields.text),
      ['1 2'],
    );
    assert.deepEqual(
      (await rowsIn(readers.conll, '1 CD O\n')).map((row) => row.fields.text),
      ['1'],
    );
    assert.deepEqual(
      (await rowsIn(readers.conll, '1996 CD O\n1997 CD O\n')).map((row) => row.fields.text),
      ['1996 1997'],
    );
  });

  it('skips comments before a sentence, and takes a token # for a token', async () => {
    const rows = await rowsIn(readers.conll, '# id = d-7\n#\thttp://example.org [2009]\nAnn\tB-PER\n\n#\tO\n1\tO\n');
    assert.deepEqual(
      rows.map((row) => row.error ?? row.fields.tokens),
      [['Ann'], ['#', '1']],
    );
  });

  it('takes the names of the columns, from the user or from the file', async () => {
    const content = '0 PER Ann B-PER NP\n1 - sings O VP\n';
    const rows = await rowsIn(readers.conll, content, { columns: ['nr', 'kind', 'word', 'tag', 'chunk'] });
    assert.deepEqual(rows[0]?.fields.entities, [{ text: 'Ann', label: 'PER', start: 0, end: 3 }]);
    assert.equal(rows[0]?.fields.text, 'Ann sings');
    const plus = await rowsIn(
      readers.conll,
      '# global.columns = ID FORM PARSEME:NE UPOS\n1 Ann B-PER X\n2-3 al O _\n2 a O _\n',
    );
    assert.deepEqual(plus[0]?.fields.tokens, ['Ann', 'a']);
    await assert.rejects(
      rowsIn(readers.conll, content, { columns: ['a', 'b'] }),
      /none of the columns a, b has the words/,
    );
  });

  it('gives an error for a sentence with a bad line and goes on', async () => {
    const rows = await rowsIn(readers.conll, 'a O\nb\nc O\n\nd X\n\ne O\n\nlong O\nlong O\n', { maxRecordBytes: 6 });
    assert.deepEqual(
      rows.map((row) => row.error ?? row.fields.text),
      [
        'line 2 has one column; expected a token and its tag',
        'line 5: tag "X" is neither O nor like B-PER or I-PER',
        'e',
        'the sentence from line 9 on is longer than 6 bytes; split it or raise --max-record-size',
      ],
    );
  });
});

describe('squad', () => {
  const file = (paragraph: unknown) =>
    JSON.stringify({ version: 'v2.0', data: [{ title: 'Rome', paragraphs: [paragraph] }] });

  it('gives each question the different answers and their starts, and none when it is impossible', async () => {
    const answers = [
      { text: '753 BC', answer_start: 20 },
      { text: '753 BC', answer_start: 20 },
      { text: '753', answer_start: 20 },
    ];
    const plausible_answers = [{ text: '753', answer_start: 20 }];
    const rows = await rowsIn(
      readers.squad,
      file({
        context: 'Rome was founded in 753 BC.',
        qas: [
          { id: 'a', question: 'When?', answers, is_impossible: false },
          { id: 'b', question: 'Why?', answers: [], plausible_answers, is_impossible: true },
        ],
      }),
    );
    const shared = { context: 'Rome was founded in 753 BC.', title: 'Rome' };
    assert.deepEqual(
      rows.map((row) => row.fields),
      [
        { id: 'a', question: 'When?', ...shared, answers: ['753 BC', '753'], answer_starts: [20, 20] },
        { id: 'b', question: 'Why?', ...shared, answers: [], answer_starts: [] },
      ],
    );
  });

  it('gives an error for what is incomplete and refuses other JSON', async () => {
    const rows = await rowsIn(readers.squad, file({ context: 'c', qas: [{ id: 'a' }, { id: 'b', question: 'q' }] }));
    assert.deepEqual(
      rows.map((row) => row.error ?? row.fields.id),
      ['an entry in qas of "Rome" has no question', 'b'],
    );
    await assert.rejects(rowsIn(readers.squad, '{"data": [1]}'), /is not a SQuAD file/);
  });
});
