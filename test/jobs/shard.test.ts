import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isInShard, parseShard } from '../../src/jobs/shard.js';

describe('shards', () => {
  it('are read as part/parts, and nothing else is one', () => {
    assert.deepEqual(parseShard('2/8'), { part: 2, parts: 8 });
    assert.deepEqual(parseShard('1/1'), { part: 1, parts: 1 });
    for (const wrong of ['', '0/4', '5/4', '1/0', '1', '1/', '/4', '-1/4', '1.5/4', '1/4/2', 'a/b', '1 / 4', '1e1/20'])
      assert.equal(parseShard(wrong), null, wrong);
  });

  it('hold every record once between them, about equally many each', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.integer({ min: 1, max: 40 }), (records, parts) => {
        const sizes = new Array<number>(parts).fill(0);
        for (let index = 0; index < records; index++) {
          const holders = Array.from({ length: parts }, (_, i) => i + 1).filter((part) =>
            isInShard(index, { part, parts }),
          );
          assert.equal(holders.length, 1);
          sizes[(holders[0] as number) - 1] = (sizes[(holders[0] as number) - 1] as number) + 1;
        }
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      }),
      { numRuns: 50 },
    );
  });
});
