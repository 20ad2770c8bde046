import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { load } from '../helpers/task-folder.js';

function taskWith(t: TestContext, key: string, template: string) {
  const value = key === 'variants' ? `[${JSON.stringify(template)}]` : JSON.stringify(template);
  return load(t, {
    'task.yaml': `name: mood\ntype: classify\nlabels: [good, bad]\nprompt:\n  ${key}: ${value}\n`,
  });
}

describe('a template that every run would refuse', () => {
  const broken: Readonly<Record<string, string>> = {
    'an unknown filter': '{{ text | nofilter }}',
    'an unknown test': '{% if text is odd_one %}{{ text }}{% endif %}',
    'a function that there is not': '{{ nofunction() }}{{ text }}',
    'a range that is too long': '{% for i in range(10000000) %}{{ text }}{% endfor %}',
    'loops in loops': '{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}{{ text }}',
    'an error of its own': '{{ raise_exception("x") }}',
    'an open block': '{% if text %}{{ text }}',
  };
  for (const key of ['base', 'chat', 'instruction', 'variants']) {
    for (const [title, template] of Object.entries(broken)) {
      it(`is refused with its place: ${title} in prompt.${key}`, async (t) => {
        await assert.rejects(taskWith(t, key, template), {
          kind: 'usage',
          message: new RegExp(`^task\\.yaml:5:\\d+: prompt\\.${key}(\\.0)? is not a valid Jinja template: `, 'u'),
        });
      });
    }
  }
});

describe('a template that some records can be rendered with', () => {
  it('is valid, with a note where it needs a field or fails with one', async (t) => {
    const fine =
      '{% if title %}{{ title | upper }}: {% endif %}{{ text }}{% for l in labels %}{{ l.word }}{% endfor %}';
    assert.equal((await taskWith(t, 'base', fine)).notes, undefined);
    for (const template of [
      '{{ title.upper() }} {{ text }}',
      '{% if note %}{{ raise_exception("x") }}{% endif %}{{ text }}',
    ]) {
      const [note] = (await taskWith(t, 'base', template)).notes ?? [];
      assert.match(note ?? '', /^task\.yaml:5:3: prompt\.base fails for some records: /u, template);
    }
  });

  it('has a note where no field is in it, since every text would get the same prompt', async (t) => {
    for (const key of ['base', 'chat', 'variants']) {
      const [note] = (await taskWith(t, key, 'Is it good or bad?')).notes ?? [];
      assert.match(
        note ?? '',
        /has no field of the input, so every text gets the same prompt\. Use \{\{ text \}\}\.$/u,
      );
    }
    assert.equal((await taskWith(t, 'instruction', 'Is it good or bad?')).notes, undefined);
    assert.equal((await taskWith(t, 'base', '{{ title }}')).notes, undefined);
  });
});
