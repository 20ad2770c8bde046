import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readGold, refuseDataFlags } from '../../src/app/run/gold.js';
import { SlmError } from '../../src/errors.js';
import { type DataOptions, goldFlags } from '../../src/library/options.js';
import { loadProfile } from '../../src/profile/index.js';
import { surroundingsWith } from '../helpers/surroundings.js';
import { filesIn } from '../helpers/task-folder.js';

describe('an error in labelled data of a program', () => {
  const files = {
    'task.yaml': 'name: t\ntype: classify\nlabels: [good, bad]\n',
    'data.jsonl': '{"body":"a","mood":"gut"}\n',
    'data.text': 'a text\n',
  };
  const cases: readonly (readonly [file: string, options: DataOptions, named: string])[] = [
    ['data.jsonl', {}, 'Name the field of the input with the option "field"'],
    ['data.jsonl', { field: 'body' }, 'give it with the option "labelField"'],
    ['data.jsonl', { field: 'body', labelField: 'x' }, 'Name the field of the label with the option "labelField"'],
    [
      'data.jsonl',
      { field: 'body', labelField: 'mood' },
      'Other names are mapped with the option "labelMap": { "gut": NAME }',
    ],
    ['data.jsonl', { columns: ['text', 'label'] }, 'such as the option "dataFormat": csv'],
    ['data.text', {}, 'Say what it is with the option "dataFormat": jsonl, csv'],
  ];
  for (const [file, options, named] of cases) {
    it(`names the options of the library: ${named}`, async (t) => {
      const cwd = filesIn(t, files);
      const profile = await loadProfile('./task.yaml', { cwd, folders: [] });
      await assert.rejects(readGold(surroundingsWith({ cwd }), profile, file, goldFlags(options)), (error) => {
        assert.ok(error instanceof SlmError);
        const said = `${error.message} ${error.hint ?? ''}`;
        assert.ok(said.includes(named), said);
        assert.doesNotMatch(said, /--\w/, 'no flag of the command line');
        return true;
      });
    });
  }

  it('is that an option is for data that is not given', () => {
    assert.throws(() => refuseDataFlags(goldFlags({ labelField: 'x' })), {
      message: /^the option "labelField" is for labelled data from the option "data", but/u,
      hint: 'Add the option "data": FILE, or leave it out.',
    });
    assert.throws(() => refuseDataFlags({ maxRecordSize: 1, labelField: 'x' }), {
      message: /^--label-field is for labelled data from --data, but/u,
      hint: 'Add --data FILE, or leave it out.',
    });
  });
});
