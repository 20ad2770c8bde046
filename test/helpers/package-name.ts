import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The name that programs import the package by. */
export const { name: packageName } = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8'),
) as { name: string };
