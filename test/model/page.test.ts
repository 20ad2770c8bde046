import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../helpers/browser.js';
import { fakePool, mood } from '../helpers/fake-pool.js';
import { served } from '../helpers/served.js';

const hostile = '<img src=x onerror="document.title=1">';
const opened = await openBrowser();
const skip = typeof opened === 'string' ? opened : false;

/** In a real browser, with tasks that answer by rule. */
describe('the page', { skip }, () => {
  const browser = opened as Browser;
  let url: string;
  let page: Page;
  const problems: string[] = [];
  const ends: (() => Promise<void>)[] = [async () => browser.close()];
  const atEnd = { after: (end: () => Promise<void>) => void ends.push(end) };
  before(async () => {
    const labels = [...mood.labels, { name: hostile, description: '' }];
    url = await served(atEnd, {}, fakePool(undefined, [{ ...mood, name: 'hostile', description: hostile, labels }]));
    page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(url);
    await page.waitForSelector('#task option', { state: 'attached' });
  });
  after(async () => {
    for (const end of ends) await end();
  });

  const ask = async (task: string, text: string, context = '') => {
    await page.selectOption('#task', task);
    await page.fill('#text', text);
    if (context !== '') await page.fill('#context', context);
    await page.click('#go');
    await page.waitForSelector('#go:enabled');
    return page.locator('#result');
  };

  it('shows probabilities as bars, the likeliest first, and the label', async () => {
    const result = await ask('mood', 'good');
    assert.equal(await result.locator('h2').textContent(), 'good');
    const bars = await page.evaluate(
      "[...document.querySelectorAll('.bar')].map((row) => ({ text: row.textContent, length: row.querySelector('progress').value }))",
    );
    assert.deepEqual(bars, [
      { text: 'good60.0 %', length: 0.6 },
      { text: 'mixed30.0 %', length: 0.3 },
      { text: 'bad10.0 %', length: 0.1 },
    ]);
    assert.equal(await result.locator('.chosen').count(), 1);
    assert.equal(await (await ask('mood', 'unsure')).locator('h2').textContent(), 'not sure enough');
  });

  it('highlights entities in the text, also after characters outside of the basic plane', async () => {
    const result = await ask('names', '😀 Rosa <b>laughs</b>');
    assert.equal(await result.locator('blockquote').textContent(), '😀 Rosaperson <b>laughs</b>');
    const mark = result.locator('mark');
    assert.equal(await mark.count(), 1);
    assert.equal(await page.evaluate("document.querySelector('mark').firstChild.textContent"), 'Rosa');
    const colour = await page.evaluate("getComputedStyle(document.querySelector('mark')).backgroundColor");
    assert.notEqual(colour, 'rgba(0, 0, 0, 0)');
    assert.equal(await result.locator('td').allTextContents().then(String), 'person,Rosa,2–6,90.0 %');
  });

  it('answers a question from a passage that is given, and says when there is no answer', async () => {
    const found = await ask('facts', 'Who?', 'It was Rosa.');
    assert.equal(await found.locator('h2').textContent(), 'Rosa');
    assert.equal(await found.locator('blockquote').textContent(), 'It was Rosa.');
    const none = await ask('facts', 'Who?', 'Nobody.');
    assert.equal(await none.locator('h2').textContent(), 'no answer');
    await page.selectOption('#task', 'mood');
    assert.equal(await page.isVisible('#context'), false);
  });

  it('shows what was generated, by Ctrl+Enter too', async () => {
    await page.selectOption('#task', 'order');
    await page.fill('#text', 'abc');
    await page.press('#text', 'Control+Enter');
    const shown = await page.locator('#result pre').textContent();
    assert.deepEqual(JSON.parse(shown ?? ''), { length: 3, note: 'süß 😀' });
  });

  it('shows HTML in texts, labels and descriptions as text, and nothing of it acts', async () => {
    const result = await ask('hostile', `${hostile} good`);
    await result.locator('.bar').first().waitFor();
    assert.equal(await page.locator('#about').textContent(), hostile);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.title(), 'slm');
  });

  it('raises no error in the browser and asks no other host', () => {
    assert.deepEqual(problems, []);
  });

  it('never shows the result of an earlier text or of another task', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let records = 0;
    const slow = fakePool(async () => {
      if (records++ === 0) await held;
    });
    const own = await browser.newPage();
    await own.goto(await served(atEnd, {}, slow));
    await own.waitForSelector('#task option', { state: 'attached' });
    await own.fill('#text', 'good');
    await own.press('#text', 'Control+Enter');
    await own.waitForSelector('#go:disabled');
    await own.fill('#text', 'dreadful');
    await own.press('#text', 'Control+Enter');
    await own.locator('#result h2').waitFor();
    assert.equal(await own.locator('#result h2').textContent(), 'bad');
    release();
    await own.selectOption('#task', 'names');
    assert.equal(await own.locator('#result').textContent(), '');
    await own.waitForTimeout(200);
    assert.equal(await own.locator('#result').textContent(), '');
    await own.close();
  });

  it('says that the server does not answer, and lists the tasks when it does', async () => {
    const own = await browser.newPage();
    await own.route('**/v1/models', (route) => route.abort());
    await own.goto(url);
    await own.locator('#result .error').waitFor();
    assert.match((await own.locator('#result').textContent()) ?? '', /^the server does not answer/u);
    await own.unroute('**/v1/models');
    await own.fill('#text', 'good');
    await own.click('#go');
    await own.waitForSelector('#task option', { state: 'attached' });
    assert.equal(await own.locator('#result').textContent(), '');
    await own.route('**/run/**', (route) => route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' }));
    await own.click('#go');
    await own.locator('#result .error').waitFor();
    assert.match((await own.locator('#result').textContent()) ?? '', /^the server answered 502/u);
    await own.close();
  });

  it('asks for the key where the server has one', async () => {
    const locked = await served(atEnd, { keys: ['secret'] });
    const own = await browser.newPage();
    await own.goto(locked);
    await own.waitForSelector('#key', { state: 'visible' });
    await own.fill('#key', 'wrong');
    await own.press('#key', 'Tab');
    await own.locator('#result .error').waitFor();
    assert.equal(await own.locator('#result').textContent(), 'this key is not known');
    assert.equal(await own.locator('#task option').count(), 0);
    await own.fill('#key', 'secret');
    await own.press('#key', 'Tab');
    await own.waitForSelector('#task option', { state: 'attached' });
    await own.fill('#text', 'good');
    await own.click('#go');
    await own.locator('#result h2').waitFor();
    await own.close();
  });
});
