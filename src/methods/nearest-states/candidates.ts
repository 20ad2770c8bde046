import type { ClassifyOutput, Example } from '../../types.js';
import { outputOf, targetsOf, unknown } from '../candidates/classify-outputs.js';
import { classifyingPrompts } from '../candidates/classifying-prompts.js';
import { blocksAt } from '../candidates/depths.js';
import { eventLoopTurn } from '../candidates/event-loop.js';
import { featureStore } from '../candidates/feature-store.js';
import { type FewShotPrompt, keyOf, learnedFrom, titleOf, tokensAfter } from '../candidates/few-shot-prompt.js';
import type { Candidate, TuneSession } from '../candidates/types.js';
import type { Plan } from '../types.js';
import { dot, labelShares, type Neighbours, neighboursOf, storedNeighbours } from './neighbours.js';

/** Share of the model's blocks after which states are read. */
const depth = 0.67;
/** Examples that are kept, and of them how many vote. */
const [mostKept, count] = [512, 16];
/** Temperatures to choose from, in standard deviations of the likenesses. */
const temperatures = [0.03, 0.1, 0.3, 1, 3];

/** States after the task's own prompt, without and with examples in it. */
export const plan: Plan = (session, examples) => {
  if (typeof session.derive !== 'function' || session.profile.multiLabel) return null;
  const { singles, reserved } = classifyingPrompts(session)(examples);
  const own = singles.filter(({ template, choice }) => template.name === '' && choice === 'first');
  return { candidates: own.map((prompt) => candidateOf(session, examples, prompt, singles.length)), reserved };
};

function candidateOf(
  session: TuneSession,
  examples: readonly Example[],
  prompt: FewShotPrompt,
  turn: number,
): Candidate {
  const { profile } = session;
  const layers = blocksAt(session, depth);
  const title = `nearest states, ${layers} layers, ${titleOf([prompt])}`;
  const store = featureStore(
    session,
    layers,
    examples,
    (example) => {
      const tokens = prompt.tokens(example);
      return { prompt: tokens, positions: [tokens.input.length - 1] };
    },
    (states) => states,
    `reading, ${title}`,
  );
  const fit = (list: readonly Example[], states: readonly Float32Array[]): Neighbours => {
    const { y } = targetsOf(profile, list);
    const kept = Array.from(list.keys()).slice(0, mostKept);
    const made = neighboursOf(
      kept.map((i) => states[i] as Float32Array),
      {
        labels: profile.labels.map(({ name }) => name),
        layers,
        classes: Int32Array.from(kept, (i) => y[i] as number),
        count,
        temperature: 1,
      },
    );
    return {
      ...made,
      temperature: bestTemperature(
        made,
        kept.map((i) => states[i] as Float32Array),
      ),
    };
  };
  return {
    key: `nearest states 1 ${layers} ${keyOf([prompt])}`,
    title,
    method: 'nearest-states',
    turn,
    words: false,
    complexity: 1.2,
    layers,
    tokens: tokensAfter([prompt], examples),
    prefixTokens: prompt.prefixTokens,
    inPrompt: prompt.inPrompt,
    async heldOut(part, folds) {
      const states = await store.read(part);
      const outputs: ClassifyOutput[] = part.map(() => unknown(profile));
      for (let fold = 0; fold <= Math.max(...folds); fold++) {
        const others = Array.from(part.keys()).filter(
          (i) => folds[i] !== fold && !prompt.inPrompt.has(part[i] as Example),
        );
        const made = fit(
          others.map((i) => part[i] as Example),
          others.map((i) => states[i] as Float32Array),
        );
        part.forEach((example, i) => {
          if (folds[i] !== fold || prompt.inPrompt.has(example)) return;
          outputs[i] = outputOf(profile, labelShares(made, productsOf(made, states[i] as Float32Array)));
        });
        await eventLoopTurn();
      }
      return { outputs, tokensPerRecord: tokensAfter([prompt], part) };
    },
    async finish(list) {
      const rest = list.filter((example) => !prompt.inPrompt.has(example));
      return {
        options: { shots: prompt.count },
        learned: learnedFrom([prompt]),
        numbers: { stored: storedNeighbours(fit(rest, await store.read(rest))), coarse: ['rows'] },
      };
    },
  };
}

function productsOf({ rows }: Neighbours, state: Float32Array): Float64Array {
  return Float64Array.from(rows, (row) => dot(row, state));
}

/** The one with the least log loss when each example is left out of its own vote. */
function bestTemperature(made: Neighbours, states: readonly Float32Array[]): number {
  const products = states.map((state, own) => {
    const all = productsOf(made, state);
    all[own] = Number.NEGATIVE_INFINITY;
    return all;
  });
  const spread = deviation(
    products.map((row, own) => (row[(own + 1) % row.length] as number) - (made.bias[(own + 1) % row.length] as number)),
  );
  const tried = temperatures.map((each) => each * spread);
  const losses = tried.map((temperature) => {
    const logs = products.map((row, i) =>
      Math.log(labelShares({ ...made, temperature }, row)[made.classes[i] as number] as number),
    );
    return -logs.reduce((sum, log) => sum + log, 0);
  });
  return tried[losses.indexOf(Math.min(...losses))] as number;
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1;
}
