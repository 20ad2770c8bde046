import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildTrie, chainFrom, type TrieNode } from '../../src/engines/llama/trie.js';

function childOf(node: TrieNode, ...path: number[]): TrieNode {
  return path.reduce((at, token) => at.children.get(token) as TrieNode, node);
}

/** Every sequence of the trie with the positions that end there. */
function sequencesOf(node: TrieNode, path: number[] = []): [number[], number[]][] {
  const own: [number[], number[]][] = node.ends.length > 0 ? [[path, node.ends]] : [];
  return [...own, ...[...node.children.values()].flatMap((child) => sequencesOf(child, [...path, child.token]))];
}

describe('buildTrie', () => {
  it('merges shared beginnings', () => {
    const root = buildTrie([[1, 2, 3], [1, 2], [4]]);
    assert.deepEqual([...root.children.keys()], [1, 4]);
    assert.deepEqual(childOf(root, 1, 2).ends, [1]);
    assert.deepEqual(childOf(root, 1, 2, 3).ends, [0]);
    assert.deepEqual(childOf(root, 4).ends, [2]);
  });

  it('keeps every copy of a sequence, the empty one at the root', () => {
    const root = buildTrie([[1], [], [1]]);
    assert.deepEqual(root.ends, [1]);
    assert.deepEqual(childOf(root, 1).ends, [0, 2]);
    assert.equal(buildTrie([]).children.size, 0);
  });

  it('holds exactly the given sequences, each with its positions', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(3), { maxLength: 5 }), { maxLength: 20 }), (sequences) => {
        const found = sequencesOf(buildTrie(sequences));
        assert.equal(found.flatMap(([, ends]) => ends).length, sequences.length);
        for (const [path, ends] of found) for (const at of ends) assert.deepEqual(sequences[at], path);
      }),
    );
  });
});

describe('chainFrom', () => {
  it('goes down to the node that branches', () => {
    const root = buildTrie([
      [1, 2, 3],
      [1, 2, 4],
    ]);
    assert.deepEqual(
      chainFrom(childOf(root, 1)).map((node) => node.token),
      [1, 2],
    );
  });

  it('goes down to the last node that has children', () => {
    const root = buildTrie([[1, 2, 3]]);
    assert.deepEqual(
      chainFrom(childOf(root, 1)).map((node) => node.token),
      [1, 2],
    );
    assert.equal(chainFrom(childOf(root, 1, 2)).length, 1);
  });

  it('goes on through a node at which a shorter sequence ends', () => {
    const root = buildTrie([[1, 2, 3], [1]]);
    const chain = chainFrom(childOf(root, 1));
    assert.deepEqual(
      chain.map((node) => [node.token, node.ends]),
      [
        [1, [1]],
        [2, []],
      ],
    );
  });
});
