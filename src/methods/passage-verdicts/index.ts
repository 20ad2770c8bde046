import { z } from 'zod';
import { compilePrompt, type FewShotExample } from '../../prompt.js';
import { evidenceAt } from '../../task-types/answer/evidence.js';
import { answersIn, rejectBelow, unanswered } from '../../task-types/answer/values.js';
import type { AnswerOutput, Gold, Output, TaskProfile } from '../../types.js';
import { promptPart, tablePart } from '../explain.js';
import { learnedBy, learnedExamples } from '../learned.js';
import { createSearch } from '../passage-spans/passage-reading.js';
import { nothingFound } from '../passages.js';
import type { Method, PieceInput } from '../types.js';
import { evidenceSentence } from './evidence-sentence.js';
import { type VerdictOptions, verdictOptions } from './options.js';
import { startWeighing } from './start-weighing.js';
import { createReader, viewTitles } from './verdict-reader.js';
import { verdictOf, verdictShots } from './verdicts.js';
import { type Weighing, weigh, weighingShape } from './weighing.js';

const learns = { schema: z.strictObject({ examples: learnedExamples, ...weighingShape }) };

/** Chooses yes, no or maybe by what the best passage says, and copies the sentence that shows it. */
export const passageVerdicts: Method<'scores'> = {
  name: 'passage-verdicts',
  title: 'yes, no or maybe, with the sentence that shows it',
  taskTypes: ['answer'],
  needs: ['scores'],
  options: verdictOptions,
  defaultPrompt: () => ({
    instruction: 'Answer the question by what the passage says: yes, no or maybe.',
    base: 'Passage: {{ context }}\nQuestion: {{ question }}\nAnswer (yes, no or maybe):',
    chat: 'Passage: {{ context }}\n\nQuestion: {{ question }}\n\nAnswer with one word: yes, no or maybe.',
    use: 'able',
  }),
  vocabulary: 'whole',
  learns,
  candidates: async () => (await import('./candidates.js')).plan,

  check(profile) {
    const { verdicts } = verdictOptions.parse(profile.options);
    return (gold: Gold) => {
      const wrong = answersIn(gold).find((each) => verdictOf(each, verdicts) === -1);
      return wrong === undefined ? null : `"${wrong}" is not one of the verdicts ${verdicts.join(', ')}`;
    };
  },

  renderer(profile, model) {
    return compilePrompt(profile, model, { shots: promptExamples(profile, verdictOptions.parse(profile.options)) });
  },

  async prepare(context) {
    const { profile, engine } = context;
    const options = verdictOptions.parse(profile.options);
    const reader = createReader(engine, profile, options, promptExamples(profile, options));
    const search = createSearch(context.documents, options);
    const weighing: Weighing = learnedBy(learns.schema, profile) ?? (await startWeighing(context, options, reader));

    return {
      maxPieceTokens: null,

      async predict({ record, explain }: PieceInput) {
        const window = reader.windowFor(search(record), record);
        if (window === undefined) {
          return { output: unanswered(0, nothingFound), explanation: [] };
        }
        const { output, scores, probabilities, text } = await engine.hold(async () => {
          const { scores: scored, asked } = await reader.score(record, window, weighing.views);
          const likely = weigh(scored, weighing);
          const best = likely.indexOf(Math.max(...likely));
          const verdict = options.verdicts[best] as string;
          const sentence = await evidenceSentence(engine, profile, asked.prompt, verdict, window);
          const given: AnswerOutput = {
            type: 'answer',
            answer: verdict,
            isVerdict: true,
            score: likely[best] as number,
            evidence: evidenceAt(sentence.document, sentence, sentence),
          };
          return { output: given, scores: scored, probabilities: likely, text: asked.text };
        });
        if (!explain) return { output, explanation: [] };
        const rows = options.verdicts.map((verdict, i) => [
          verdict,
          ...scores.map((each) => (each[i] as number).toFixed(4)),
          (probabilities[i] as number).toFixed(4),
        ]);
        const heading = ['verdict', ...weighing.views.map((view) => `log p after ${viewTitles[view]}`), 'probability'];
        return { output, explanation: [promptPart(text), tablePart('verdicts', [heading, ...rows])] };
      },

      decide: (output: Output) =>
        rejectBelow(output as AnswerOutput, profile.threshold.min, 'no verdict is sure enough'),
    };
  },
};

/** The tuned ones, else those of the profile. */
function promptExamples(profile: TaskProfile, options: VerdictOptions): FewShotExample[] {
  const learned = learnedBy(learns.schema, profile)?.examples;
  return learned?.map(({ fields, label }) => ({ fields, target: label })) ?? verdictShots(profile.examples, options);
}
