import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderChat } from '../src/chat-template.js';
import { compileTemplate } from '../src/template.js';

describe('a template', () => {
  it('has what the library gives', () => {
    const source =
      '{% for i in range(2, 8, 3) %}{{ i }}{{ "," if not loop.last }}{% endfor %} {{ True }} {{ none is none }} {{ xs | join("-") }}';
    assert.equal(compileTemplate(source).render({ xs: ['a', 'b'] }), '2,5 true true a-b');
    assert.equal(compileTemplate('{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}').render({}), '321');
  });

  for (const [title, source] of [
    ['loops in loops', '{% for i in range(20000) %}{% for j in range(20000) %}a{% endfor %}{% endfor %}'],
    ['loops without a body', '{% for i in range(20000) %}{% for j in range(20000) %}{% endfor %}{% endfor %}'],
    ['loops over a list', '{% set x = range(9000) %}{% for i in x %}{% for j in x %}{% endfor %}{% endfor %}'],
    ['a huge range', '{% for i in range(1000000000) %}{% endfor %}'],
    [
      'a text that doubles',
      '{% set ns = namespace(s="ab") %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}',
    ],
    [
      'a list that doubles',
      '{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}',
    ],
  ] as const) {
    it(`with ${title} is refused`, () => {
      const template = compileTemplate(source);
      const start = process.cpuUsage();
      assert.throws(() => template.render({}), /too much work|call stack/u);
      const { user } = process.cpuUsage(start);
      assert.ok(user < 3e6, `${user / 1e6} s of the processor`);
    });
  }

  it('of a model that loops without an end is refused', () => {
    const source = '{% for i in range(20000) %}{% for j in range(20000) %}a{% endfor %}{% endfor %}{{ messages }}';
    assert.throws(
      () => renderChat(source, { bosText: '', eosText: '' }, 'Be kind.', [{ role: 'user', content: 'Hi' }]),
      /too much work/u,
    );
  });
});
