import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * A CommonJS package that is loaded at its first use: most commands need few of them, and each costs 5 to 40 ms.
 * @example const ajv = lazy<typeof import('ajv')>('ajv');
 */
export function lazy<T>(name: string): () => T {
  return () => require(name) as T;
}

/** Returns a function that calls `make` once and keeps its value. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Returns a function that calls `make` once for each object, and keeps the value as long as the object. */
export function onceEach<T extends object, R>(make: (item: T) => R): (item: T) => R {
  const made = new WeakMap<T, { value: R }>();
  return (item) => {
    const known = made.get(item) ?? { value: make(item) };
    made.set(item, known);
    return known.value;
  };
}
