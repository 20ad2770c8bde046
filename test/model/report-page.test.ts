import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { pageOf } from '../../src/cli/page/frame.js';
import { confusionMarkup, mistakeTable } from '../../src/cli/page/verdict-sections.js';
import { openBrowser } from '../helpers/browser.js';

const opened = await openBrowser();
const skip = typeof opened === 'string' ? opened : false;

const long = 'x'.repeat(120);
const json = JSON.stringify({ note: 'n'.repeat(3000) });
const mistake = { id: '1', place: 'data.jsonl:1', text: 'word '.repeat(200), gold: long, score: 0.9, tags: [] };
const counts = [
  [1, 2],
  [3, 4],
];
const markup = pageOf(`task on ${long}`, long, [
  confusionMarkup('All', { labels: [long, 'short'], counts, abstained: [0, 0], failed: [0, 0] }),
  mistakeTable('mistakes', [
    { ...mistake, predicted: 'short' },
    { ...mistake, predicted: json },
  ]),
]);

/** In a real browser, with names, labels and outputs that have no blanks. */
describe('the page of a report', { skip }, () => {
  const browser = opened as Browser;
  after(() => browser.close());
  const widths = async (width: number, media: 'screen' | 'print', selector: string) => {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    await page.emulateMedia({ media });
    await page.setContent(markup);
    const found = `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.getBoundingClientRect().width)`;
    const measured = (await page.evaluate(found)) as number[];
    const scrolls = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
    await page.close();
    return { measured, scrolls };
  };

  it('keeps every column of texts in sight and wide enough to read', async () => {
    const { measured } = await widths(1100, 'screen', '.wide:last-of-type .long');
    assert.equal(measured.length, 9);
    assert.ok(Math.min(...measured) >= 100, measured.join());
    const { measured: tables } = await widths(1100, 'screen', '.wide:last-of-type table');
    assert.ok(Math.max(...tables) <= 992, tables.join());
  });

  it('does not scroll sideways as a whole on a narrow screen', async () => {
    assert.equal((await widths(400, 'screen', 'main')).scrolls, false);
  });

  it('is printed with all columns', async () => {
    const { measured } = await widths(700, 'print', 'table');
    assert.ok(Math.max(...measured) <= 700, measured.join());
  });
});
