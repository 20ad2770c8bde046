import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeLabels } from '../../../src/cli/page/point-labels.js';

const area = { left: 0, right: 200, top: 0, bottom: 100 };
const point = (x: number, y: number, text: string) => ({ x, y, radius: 5, lowest: y, highest: y, text });

describe('labels of points', () => {
  it('stand above their point on the right, and on the left where the area ends', () => {
    assert.deepEqual(placeLabels([point(50, 50, 'abc')], area), [{ x: 60, y: 43, anchor: 'start' }]);
    assert.deepEqual(placeLabels([point(190, 50, 'abc')], area), [{ x: 180, y: 43, anchor: 'end' }]);
  });

  it('cover neither each other nor another point nor its interval', () => {
    const [first, second] = placeLabels([point(50, 50, 'abc'), point(52, 50, 'def')], area);
    assert.deepEqual(first, { x: 60, y: 43, anchor: 'start' });
    assert.deepEqual(second, { x: 42, y: 43, anchor: 'end' });
    const beside = { ...point(70, 50, ''), lowest: 60, highest: 30 };
    assert.deepEqual(placeLabels([point(50, 50, 'abc'), beside], area), [{ x: 40, y: 43, anchor: 'end' }, null]);
  });

  it('have no place where there is no room, wide letters counted as they are', () => {
    assert.deepEqual(placeLabels([point(100, 50, 'a'.repeat(20))], area), [null]);
    assert.notDeepEqual(placeLabels([point(100, 50, 'a'.repeat(8))], area), [null]);
    assert.deepEqual(placeLabels([point(100, 50, '模'.repeat(8))], area), [null]);
  });
});
