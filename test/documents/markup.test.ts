import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textOfMarkup, textOfXhtml } from '../../src/documents/markup.js';

describe('all text of a page is read', () => {
  for (const name of ['font', 'b', 'span', 'div', 'blockquote', 'section', 'custom-box'])
    test(`inside ${name} that nobody closes`, async () => {
      const text = await textOfMarkup(`<p>Begin.</p>${`<${name}>word `.repeat(20_000)}<h2>Late</h2><p>End.`);
      assert.equal(text.match(/word/gu)?.length, 20_000);
      assert.match(text, /\n\n## Late\n\nEnd\.$/u);
    });

  test('answers to answers: what stands before and after the quoted mail stays in its order', async () => {
    const quote = (depth: number) =>
      Array.from({ length: depth }, (_, i) => `<blockquote>before ${i}<br>`).join('') +
      Array.from({ length: depth }, (_, i) => `</blockquote>after ${i}`).join('');
    const deep = await textOfMarkup(quote(1000));
    const shallow = await textOfMarkup(quote(100));
    assert.deepEqual(deep.match(/(?:before|after) \d+/gu)?.slice(998, 1002), [
      ...['before 998', 'before 999', 'after 0', 'after 1'],
    ]);
    assert.equal(shallow, deep.replace(/(?:before|after) \d{3}\n*/gu, '').trim());
  });

  test('lists, tables, entities, pictures and hidden parts come out the same in a deep page', async () => {
    const page =
      '<ol start="4"><li>a &lt;b&gt; &amp;amp; c<ul><li><div>d</div>e</ul></ol><table><tr><th>x<td>y</table>' +
      '<script>if (a < b) c();</script><span hidden>secret <b>too</b></span><img alt="A &quot;graph&quot;"><pre>f\n  g</pre>' +
      '<div>h<div>n</div>i</div><h3>j</h3>k<br>l<hr>m';
    const flat = await textOfMarkup(page);
    assert.match(flat, /4\. a <b> &amp; c/u);
    assert.equal(await textOfMarkup(`${'<i>'.repeat(300)}${page}`), flat);
  });

  test('hundreds of thousands of elements in one', async () => {
    const lines = await textOfMarkup(`<p>${'a line<br>'.repeat(150_000)}END`);
    assert.equal(lines.match(/a line/gu)?.length, 150_000);
    assert.match(lines, /\nEND$/u);
    const items = await textOfMarkup(`<table><tr><td>x${'<i>y</i><br>'.repeat(150_000)}END</table>`);
    assert.match(items, /END$/u);
  });

  test('a deep cell', async () => {
    assert.equal((await textOfMarkup(`<table><tr><td>x${'<div>'.repeat(20_000)}Y`)).trim(), '| x Y |');
  });

  test('or the page is refused: lists in lists without an end, more elements than the parser copes with', async () => {
    await assert.rejects(textOfMarkup('<ul><li>'.repeat(2000)), /nested more than 500 deep/u);
    await assert.rejects(textOfMarkup('<table><tr><td>'.repeat(2000)), /nested more than 500 deep/u);
    await assert.rejects(textOfMarkup('<div>'.repeat(200_000)), /nested more than 50,000 deep/u);
    assert.match(await textOfMarkup(`${'<ul><li><div><b>'.repeat(249)}END`), /END$/u);
  });

  test('a table with cells over several rows and columns: each cell stays in its column', async () => {
    const plan =
      '<table><tr><th>Day<th colspan=2>Bus<th>Boat</tr><tr><td rowspan=2>Sunday<td>N7<td>N8<td>9:00</tr>' +
      '<tr><td>N9<td>N10<td rowspan="0">10:30</tr><tr><td>Monday<td>1<td>2<td>3</tr></table>';
    assert.equal(
      await textOfMarkup(plan),
      '| Day | Bus |  | Boat |\n| Sunday | N7 | N8 | 9:00 |\n| Sunday | N9 | N10 | 10:30 |\n| Monday | 1 | 2 | 3 |\n',
    );
  });

  test('a table whose cells say that they have very many rows and columns does not become huge', async () => {
    const wide = `<tr>${'<td rowspan=65534 colspan=1000>word'.repeat(200)}</tr>`;
    const text = await textOfMarkup(`<table>${wide}${'<tr><td>x'.repeat(20_000)}</table>`);
    assert.equal(text.match(/x/gu)?.length, 20_000);
    assert.ok(text.length < 2_000_000, `${text.length} characters`);
  });

  test('a table with text outside its cells', async () => {
    assert.equal(await textOfMarkup('<table>Note <tr><td>a</td></tr></table>'), 'Note\n\na');
    assert.equal(await textOfMarkup('<table><td>a</td><td>b</td></table>'), 'a\n\nb');
    assert.equal(await textOfMarkup('<table><tr><form><td>a</td><td>b</td></form></tr></table>'), '| a | b |\n');
  });

  test('XHTML: an empty element ends where it stands', async () => {
    for (const name of ['a', 'p', 'div', 'script', 'style', 'title', 'iframe', 'svg', 'td'])
      assert.equal(await textOfXhtml(`<body><p>A</p><${name} title="x>y/" /><p>B</p></body>`), 'A\n\nB', name);
    assert.equal(await textOfXhtml('A<br/>B<hr/>C'), 'A\nB\n\nC');
  });

  test('XHTML with quotes that nobody closes, in seconds', { timeout: 20_000 }, async () => {
    assert.equal(await textOfXhtml(`A${'<i "'.repeat(100_000)}`), 'A');
  });
});

describe('words', () => {
  for (const name of [
    ...[
      'address',
      'article',
      'aside',
      'blockquote',
      'center',
      'dd',
      'details',
      'dialog',
      'div',
      'dl',
      'dt',
      'fieldset',
    ],
    ...[
      'figcaption',
      'figure',
      'footer',
      'form',
      'h3',
      'header',
      'hgroup',
      'legend',
      'li',
      'main',
      'menu',
      'option',
      'p',
    ],
    ...['pre', 'search', 'section', 'summary'],
  ])
    test(`of ${name} are apart from those around it`, async () => {
      assert.match(await textOfMarkup(`before<${name}>inside</${name}>after`), /^before\s+\W*inside\s+after$/u);
    });

  for (const name of ['b', 'i', 'span', 'a', 'sup', 'font', 'mark', 'time', 'custom-word'])
    test(`of ${name} are not`, async () => {
      const words = `be<${name}>twe</${name}>en`;
      assert.equal(await textOfMarkup(words), 'between');
      assert.equal(await textOfMarkup(`<table><tr><td>${words}</td></tr></table>`), '| between |\n');
    });

  test('of a cell are those that a reader sees', async () => {
    const cells = [
      ['Widget', 'Widget'],
      ['$<span>12</span>.<span>99</span>', '$12.99'],
      ['<b>W</b>idget 5<sup>th</sup>', 'Widget 5th'],
      ['<script>var apiKey="abc";</script><span hidden>HID</span><button>Buy</button>', ''],
      ['<p>one</p><p>two</p>three<br>four', 'one two three four'],
      ['a | b', 'a / b'],
      ['<img alt="Front"><img alt="Back">', 'Front Back'],
    ];
    const row = cells.map(([markup]) => `<td>${markup}</td>`).join('');
    assert.equal(
      await textOfMarkup(`<table><tr>${row}</tr></table>`),
      `| ${cells.map(([, text]) => text).join(' | ')} |\n`,
    );
  });

  test('of pictures are read, side by side too', async () => {
    assert.equal(
      await textOfMarkup(
        '<a href="/1"><img alt="Front view"></a><a href="/2"><img alt=" Back view "></a><img src="x.png">',
      ),
      'Front view Back view',
    );
    assert.equal(await textOfMarkup('<p><img alt="O">nce upon a time'), 'Once upon a time');
  });
});

describe('a line that begins with # is a heading', () => {
  test('only if the page says so', async () => {
    assert.equal(
      await textOfMarkup(
        '<h2>Setup</h2><pre># install\n  ## all\nmake #1</pre><p># no<br># neither</p><p>#1 of two</p>',
      ),
      '## Setup\n\n\\# install\n  \\## all\nmake #1\n\n\\# no\n\\# neither\n\n#1 of two',
    );
  });
});
