import { Chalk } from 'chalk';
import { type Paint, plain } from '../formats/index.js';

/** Colours where they are wanted. */
export function createPaint(color: boolean): Paint {
  return color ? (new Chalk({ level: 1 }) as unknown as Paint) : plain;
}
