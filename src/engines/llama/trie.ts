import type { Token } from '../../types.js';

/** Token sequences with their shared beginnings merged, so that each shared token is evaluated once. */
export interface TrieNode {
  readonly token: Token;
  readonly children: Map<Token, TrieNode>;
  /** Positions in the given list of the sequences that end here. */
  readonly ends: number[];
}

/** The root's own token is meaningless; its `ends` are the empty sequences. */
export function buildTrie(sequences: readonly (readonly Token[])[]): TrieNode {
  const root: TrieNode = { token: -1, children: new Map(), ends: [] };
  for (const [index, sequence] of sequences.entries()) {
    let node = root;
    for (const token of sequence) {
      let child = node.children.get(token);
      if (child === undefined) {
        child = { token, children: new Map(), ends: [] };
        node.children.set(token, child);
      }
      node = child;
    }
    node.ends.push(index);
  }
  return root;
}

/**
 * From `node` down to the first node that branches or ends: what can be evaluated in one call. Every node in it
 * has children.
 */
export function chainFrom(node: TrieNode): TrieNode[] {
  const chain = [node];
  for (let last = node; last.children.size === 1; ) {
    const [child] = last.children.values();
    if (child === undefined || child.children.size === 0) break;
    chain.push(child);
    last = child;
  }
  return chain;
}
