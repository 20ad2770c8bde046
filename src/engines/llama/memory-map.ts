import { statSync } from 'node:fs';

/**
 * Larger files are read instead of mapped: llama.cpp rearranges weights for the processor into memory of its own, and
 * the mapped pages would stay beside it (a file of 1.1 GB took 2.2 GB, 1.4 GB without). A small file starts faster
 * mapped.
 */
const mostMappedBytes = 512 << 20;

export function isMapped(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= mostMappedBytes;
}
