import { type ClassifierData, trainClassifier } from '../heads/classifier.js';
import { classifierBlob, coarseClassifierArrays } from '../heads/classifier-file.js';
import type { ClassifyOutput, Example } from '../types.js';
import { breath } from './breath.js';
import { outputsOf, targetsOf, unknown } from './classify-outputs.js';
import { featureStore } from './feature-store.js';
import { isSkewed } from './search.js';
import { shotPrompts } from './shot-prompts.js';
import type { Candidate, TuneSession } from './types.js';

/** Shares of the model's blocks after which the end of a prompt is looked at: meaning comes late. */
const depths = [0.6, 0.8];
const shotCounts = [0, 8, 16];

/** Classifiers over the hidden state at the end of a prompt. */
export function headCandidates(session: TuneSession, examples: readonly Example[]): Candidate[] {
  if (typeof session.derive !== 'function') return [];
  const { profile } = session;
  const layersToTry = [...new Set(depths.map((depth) => Math.max(1, Math.round(session.blocks * depth))))];
  // Where nearly all examples have one label, it pays to let the others count more.
  const weightings = isSkewed(profile, examples) ? [false, true] : [false];
  const counts = profile.multiLabel ? [0] : shotCounts;
  return shotPrompts(session, examples, counts).flatMap((prompt) => {
    return layersToTry.flatMap((layers) => {
      const features = featureStore(
        session,
        layers,
        examples,
        (example) => {
          const tokens = prompt.tokens(example);
          return { prompt: tokens, positions: [tokens.input.length - 1] };
        },
        `reading, ${layers} layers, ${prompt.count} examples in the prompt`,
      );
      return [false, true].flatMap((lexical) =>
        weightings.map((balanced): Candidate => {
          const options = {
            labels: profile.labels.map(({ name }) => name),
            width: session.width,
            lexical,
            seed: session.seed,
            ...(balanced ? { classWeight: 'balanced' as const } : {}),
          };
          const dataOf = async (list: readonly Example[]): Promise<ClassifierData> => ({
            texts: list.map(({ record }) => record.text),
            hidden: await features.read(list),
            targets: targetsOf(profile, list),
          });
          return {
            key: `classifier 2 layers=${layers} shots=${prompt.count} lexical=${lexical} balanced=${balanced}`,
            title: `head, ${layers} layers, ${prompt.count} examples in the prompt${lexical ? ', with words' : ''}${balanced ? ', labels weighted' : ''}`,
            kind: 'head',
            words: lexical,
            complexity: 2 + layers / 1000 + prompt.count / 10_000 + (lexical ? 0.1 : 0) + (balanced ? 0.01 : 0),
            layers,
            reading: `states ${layers} ${prompt.count}`,
            inPrompt: prompt.inPrompt,
            async heldOut(part) {
              const rest = part.filter((example) => !prompt.inPrompt.has(example));
              const data = await dataOf(rest);
              session.onProgress('training', 0, 1);
              await breath();
              const learned = outputsOf(profile, trainClassifier(data, options).heldOut);
              const byExample = new Map(rest.map((example, i) => [example, learned[i] as ClassifyOutput]));
              return {
                outputs: part.map((example) => byExample.get(example) ?? unknown(profile)),
                tokensPerRecord: prompt.tokensPerRecord(part),
              };
            },
            async finish(all) {
              const { classifier } = trainClassifier(await dataOf(all.filter((e) => !prompt.inPrompt.has(e))), options);
              return {
                method: 'head',
                options: { shots: prompt.count },
                shots: prompt.shots,
                head: { blob: classifierBlob({ classifier, layers }), coarse: coarseClassifierArrays },
              };
            },
          };
        }),
      );
    });
  });
}
