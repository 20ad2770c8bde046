import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderChat, type Turn } from '../src/chat-template.js';

const turns: readonly Turn[] = [
  { role: 'user', content: 'U1' },
  { role: 'assistant', content: 'A1' },
  { role: 'user', content: 'U2' },
];
const render = (source: string, system = 'SYS') =>
  renderChat(source, { bosText: '<s>', eosText: '</s>' }, system, turns);

const turn = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}\n{% endfor %}";
const start = '{% if add_generation_prompt %}<assistant>{% endif %}';

describe('the prompt of a chat template', () => {
  it('has the instruction as a system turn, examples as turns, and ends where the answer begins', () => {
    assert.equal(render(turn + start), '<system>SYS\n<user>U1\n<assistant>A1\n<user>U2\n<assistant>');
  });

  it('has the instruction in the first user turn where the template refuses a system role', () => {
    const refuses = `{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}${turn}${start}`;
    assert.equal(render(refuses), '<user>SYS\n\nU1\n<assistant>A1\n<user>U2\n<assistant>');
  });

  it('has it there, too, where the template leaves a system turn out without a word', () => {
    const drops = `{% for m in messages if m['role'] != 'system' %}<{{ m['role'] }}>{{ m['content'] }}\n{% endfor %}${start}`;
    assert.equal(render(drops), '<user>SYS\n\nU1\n<assistant>A1\n<user>U2\n<assistant>');
  });

  it('is rendered where the template loops over tools and documents that nobody has', () => {
    const tools = '{% for tool in tools %}{{ tool }}{% endfor %}{% for d in documents %}{{ d }}{% endfor %}';
    assert.equal(render(tools + turn + start), render(turn + start));
    const selects =
      "{% if not tools is defined %}{% set tools = none %}{% endif %}{{ tools | selectattr('type', 'equalto', 'x') | list | length }}";
    assert.equal(render(selects + turn + start), `0${render(turn + start)}`);
  });

  it('says nothing of tools to a template that asks whether there are some', () => {
    const asks = '{% if tools is defined %}You have tools.{% endif %}';
    assert.equal(render(asks + turn + start), render(turn + start));
  });

  it('closes a thought that the template opens, empty', () => {
    const thinks = `${turn}{% if add_generation_prompt %}<assistant><think>\n{% endif %}`;
    assert.match(render(thinks), /<assistant><think>\n\n<\/think>\n\n$/);
  });

  it('closes it with the mark that belongs to the one that opened it', () => {
    const after = (mark: string) => render(`${turn}{% if add_generation_prompt %}<assistant>${mark}{% endif %}`);
    assert.match(after('[THINK]'), /<assistant>\[THINK\]\n\n\[\/THINK\]\n\n$/);
    assert.match(after('<|START_THINKING|>'), /<\|START_THINKING\|>\n\n<\|END_THINKING\|>\n\n$/);
    assert.match(after('<seed:think>\n'), /<seed:think>\n\n<\/seed:think>\n\n$/);
  });

  it('leaves a thought alone that the template has closed itself', () => {
    assert.match(
      render(`${turn}{% if add_generation_prompt %}<assistant><think>\n\n</think>{% endif %}`),
      /<think>\n\n<\/think>$/,
    );
  });

  it('switches thinking off by the template where it can', () => {
    const switched = `${turn}${start}{% if add_generation_prompt and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}`;
    assert.match(render(switched), /<assistant><think>\n\n<\/think>\n\n$/);
  });

  it('names the channel or recipient that the template puts before an answer', () => {
    const channel = `{% for m in messages %}<{{ m['role'] }}>{% if m['role'] == 'assistant' %}<final>{% endif %}{{ m['content'] }}\n{% endfor %}${start}`;
    assert.match(render(channel), /<user>U2\n<assistant><final>$/);
  });

  it('is the same every day', () => {
    const dated = `{% if strftime_now is defined %}{{ strftime_now("%d %b %Y, %B %Y-%m-%d") }}{% endif %}`;
    assert.equal(render(dated + start), '26 Jul 2024, July 2024-07-26<assistant>');
  });

  it('fails with the error of the template', () => {
    assert.throws(() => render("{{ raise_exception('never') }}"), /never/);
  });
});
