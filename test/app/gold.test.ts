import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { type GoldFlags, readGold } from '../../src/app/run/gold.js';
import { loadProfile } from '../../src/profile/index.js';
import { surroundingsWith } from '../helpers/surroundings.js';
import { filesIn } from '../helpers/task-folder.js';

test('results of a run as labelled data bring a notice of the gold label beside the predicted one', async (t) => {
  const cwd = filesIn(t, {
    'task.yaml': 'name: t\ntype: classify\nlabels: [good, bad]\n',
    'results.jsonl':
      '{"text":"a","input_label":"bad","label":"good"}\n{"text":"b","input_label":"bad","label":"bad"}\n',
    'gold.jsonl': '{"text":"a","label":"good"}\n',
  });
  const profile = await loadProfile('./task.yaml', { cwd, folders: [] });
  const read = async (file: string, flags: Partial<GoldFlags> = {}) => {
    const notices: string[] = [];
    const surroundings = surroundingsWith({ cwd, notice: (message) => notices.push(message) });
    const examples = await readGold(surroundings, profile, path.join(cwd, file), { maxRecordSize: 1 << 20, ...flags });
    return { labels: examples.map(({ gold }) => gold.type === 'classify' && gold.labels[0]), notices };
  };
  const { labels, notices } = await read('results.jsonl');
  assert.deepEqual(labels, ['good', 'bad']);
  assert.equal(notices.length, 1);
  assert.match(notices.join(), /"label", which was predicted.*--label-field input_label$/u);
  assert.deepEqual(await read('results.jsonl', { labelField: 'input_label' }), { labels: ['bad', 'bad'], notices: [] });
  assert.deepEqual(await read('gold.jsonl'), { labels: ['good'], notices: [] });
});

test('an option for tables that would do nothing is refused with the flag that labelled data has', async (t) => {
  const cwd = filesIn(t, {
    'task.yaml': 'name: t\ntype: classify\nlabels: [good, bad]\n',
    'gold.jsonl': '{"text":"a","label":"good"}\n',
  });
  const profile = await loadProfile('./task.yaml', { cwd, folders: [] });
  const flags = { maxRecordSize: 1 << 20, columns: ['text', 'label'] };
  await assert.rejects(readGold(surroundingsWith({ cwd }), profile, path.join(cwd, 'gold.jsonl'), flags), {
    message: /^--columns is for /u,
    hint: 'Leave it out, or say what the file is, such as --data-format csv.',
  });
});
