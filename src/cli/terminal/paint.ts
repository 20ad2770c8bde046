import { type Paint, plain } from '../../formats/index.js';

/** Colours where they are wanted. */
export async function createPaint(color: boolean): Promise<Paint> {
  if (!color) return plain;
  const { Chalk } = await import('chalk');
  return new Chalk({ level: 1 }) as unknown as Paint;
}
