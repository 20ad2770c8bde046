import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withoutFiles } from '../../src/app/serving/without-files.js';
import { isBadRow } from '../../src/record.js';
import { recordWith } from '../helpers/profiles.js';

it('lets no client of a server name a file of this machine as an image', async () => {
  const images = [
    '/etc/secret.png',
    '../x.jpg',
    'file:///x.png',
    'https://host.example/x.png',
    'data:image/png;base64,',
    'blurry',
  ];
  async function* records() {
    for (const image of images) yield { ...recordWith('x'), fields: { text: 'x', image } };
  }
  const refused: boolean[] = [];
  for await (const record of withoutFiles(records())) refused.push(isBadRow(record));
  assert.deepEqual(refused, [true, true, true, false, false, false]);
});
