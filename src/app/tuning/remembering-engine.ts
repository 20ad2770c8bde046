import { createHash } from 'node:crypto';
import type { Engine, EngineWith, Prompt, Token } from '../../types.js';

/** Numbers that are kept, of all results together: 32 MB. */
const mostNumbers = 4_000_000;

/**
 * The same engine, which does not evaluate again what it was asked before: the task as it is and its candidates read
 * many of the same prompts. All that is kept is determined by the request; drawn texts are not kept.
 */
export function rememberingEngine(engine: Engine): Engine {
  if (!isLocal(engine)) return engine;
  const known = new Map<string, Promise<unknown>>();
  let numbers = 0;
  const remembered = <T>(
    request: readonly unknown[],
    prompt: Prompt,
    sizeOf: (result: T) => number,
    ask: () => Promise<T>,
  ) => {
    const key = keyOf(request, prompt);
    const before = known.get(key) as Promise<T> | undefined;
    if (before !== undefined) return before;
    const result = ask();
    if (numbers < mostNumbers) {
      known.set(key, result);
      result.then(
        (value) => {
          numbers += sizeOf(value);
        },
        () => known.delete(key),
      );
    }
    return result;
  };
  const local: EngineWith<'scores' | 'generation'> = {
    ...engine,
    scoreContinuations: (prompt, continuations) =>
      remembered(
        ['continuations', continuations],
        prompt,
        ({ length }) => length,
        () => engine.scoreContinuations(prompt, continuations),
      ),
    scoreNext: (prompt, positions, tokens) =>
      remembered(
        ['next', positions, tokens],
        prompt,
        (rows) => rows.length * tokens.length,
        () => engine.scoreNext(prompt, positions, tokens),
      ),
    generate(prompt, options) {
      const { signal: _, sample, ...rest } = options;
      if (sample !== undefined) return engine.generate(prompt, options);
      return remembered(
        ['text', rest],
        prompt,
        ({ text }) => text.length,
        () => engine.generate(prompt, options),
      );
    },
  };
  return local;
}

function isLocal(engine: Engine): engine is EngineWith<'scores' | 'generation'> {
  return engine.capabilities.includes('scores') && engine.capabilities.includes('generation');
}

/** The same for the same tokens, however they are divided into prefix and input. */
function keyOf(request: readonly unknown[], { prefix, input }: Prompt): string {
  const hash = createHash('sha256').update(JSON.stringify(request));
  const add = (tokens: readonly Token[]) => hash.update(new Uint8Array(Int32Array.from(tokens).buffer));
  for (const part of prefix) add(part);
  // Positions count from the first token of the input.
  hash.update(`|${input.length}|`);
  add(input);
  return hash.digest('base64');
}
