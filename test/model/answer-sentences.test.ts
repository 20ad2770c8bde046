import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gemma, modelFile, qwen } from '../helpers/models.js';
import { jsonl, parsed, runSlm, writeTask } from '../helpers/slm.js';

const context =
  'The ferry was built in 1988. Bicycles 🚲 travel free of charge on every crossing. Dogs need a muzzle in the saloon. In winter there is no ferry on Sundays.';
const questions = ['What does a bicycle cost on the ferry?', 'On which day is there no ferry in winter?'];

for (const model of [gemma, qwen]) {
  test(`${model} answers with whole sentences, each with its place`, { timeout: 1_200_000 }, async () => {
    await modelFile(model);
    const task = writeTask('rules', { 'task.yaml': 'name: rules\ntype: answer\nanswer: sentences\n' });
    const { code, stdout, stderr } = await runSlm(['run', task, '-m', model, '--threshold', '0', '--json'], {
      input: jsonl(questions.map((question) => ({ question, context }))),
      timeoutMs: 900_000,
    });
    assert.equal(code, 0, stderr);
    const results = parsed(stdout);
    assert.equal(results.length, questions.length);
    for (const { answer, sentences, sentence, score } of results) {
      assert.ok(sentences.length >= 1 && sentences.length <= 3);
      assert.equal(sentences.map(({ text }: { text: string }) => text).join(' '), answer);
      assert.ok(answer.includes(sentence));
      assert.ok(score > 0 && score < 1);
      for (const { text, start, end, source, line } of sentences) {
        assert.equal([...context].slice(start, end).join(''), text);
        assert.match(text, /[.]$/u, 'a whole sentence');
        assert.deepEqual([source, line], ['context', 1]);
      }
    }
    if (model === qwen) {
      assert.match(results[0].answer, /Bicycles 🚲 travel free/u);
      assert.match(results[1].answer, /no ferry on Sundays/u);
    }
  });
}
