import { z } from 'zod';
import { failure } from '../../errors.js';
import { evidenceAt } from '../../task-types/answer/evidence.js';
import { unanswered } from '../../task-types/answer/values.js';
import type { AnswerOutput, ChatTurn, Output } from '../../types.js';
import { contextField } from '../passage-options.js';
import { createSearch } from '../passage-spans/passage-reading.js';
import { nothingFound, type Passage, readAnyway } from '../passages.js';
import { instructionOf, shownTurns } from '../turns.js';
import type { Method, PieceInput } from '../types.js';

const optionsSchema = z.strictObject({
  passages: z.int().min(1).max(50).default(8).describe('Sentences that the service reads for a question.'),
  maxTokens: z.int().min(1).default(512).describe('Limit of one answer; more is an error of that record.'),
  contextField,
});

const answer = z.object({ answer: z.string().nullable() });
const schema = {
  type: 'object',
  properties: { answer: { type: ['string', 'null'] } },
  required: ['answer'],
  additionalProperties: false,
};
const rules =
  'Give the shortest answer in words copied exactly from the passages, or null where the passages do not answer the question.';

/** Asks a service for an answer from retrieved sentences, and gives it only where it stands in them. */
export const askedAnswer: Method<'chat'> = {
  name: 'asked-answer',
  title: 'answers by a service, found in retrieved passages',
  taskTypes: ['answer'],
  needs: ['chat'],
  options: optionsSchema,
  defaultPrompt: () => ({
    instruction: 'Answer the question with words of the passages.',
    base: 'Passages: {{ context }}\nQuestion: {{ question }}\nAnswer:',
    chat: 'Passages: {{ context }}\n\nQuestion: {{ question }}',
    use: 'auto',
  }),
  vocabulary: 'whole',
  renderer: (profile) => shownTurns(profile, { shots: [], keepLines: true }),

  async prepare({ profile, engine, documents }) {
    const options = optionsSchema.parse(profile.options);
    const search = createSearch(documents, options);
    const system = `${instructionOf(profile)}\n${rules}`.trim();
    return {
      maxPieceTokens: null,

      async predict({ record, explain }: PieceInput) {
        const index = search(record);
        const found = index.search(record.text, options.passages).map(({ passage }) => passage);
        const passages = found.length > 0 ? found : readAnyway(index, charactersRead).flat();
        if (passages.length === 0) return { output: unanswered(0, nothingFound), explanation: [] };
        const list = passages.map(({ text }) => text).join('\n');
        const turns: ChatTurn[] = [
          { role: 'system', text: system },
          { role: 'user', text: `Passages:\n${list}\n\nQuestion: ${record.text}` },
        ];
        const given = await engine.chat(turns, { maxTokens: options.maxTokens, schema });
        if (given.stopReason === 'length')
          throw failure(`the answer was cut off at ${options.maxTokens} tokens`, 'Raise options.maxTokens.');
        const said = turns.map(({ role, text }) => `${role}: ${text}`).join('\n\n');
        return {
          output: placed(read(given.text), passages),
          explanation: explain
            ? [
                { title: 'conversation', body: said },
                { title: 'answer', body: given.text },
              ]
            : [],
        };
      },

      // The service gives no probability that a threshold could be compared with.
      decide: (output: Output) => output,
    };
  },
};

/** In one group, where no passage shares a word with the question. */
const charactersRead = 1600;

/** The answer where it stands, in the likeliest passage that has it. */
function placed(quote: string | null, passages: readonly Passage[]): AnswerOutput {
  const copy = quote?.trim() ?? '';
  if (copy === '') return unanswered(0, 'the passages do not answer it');
  const passage = passages.find(({ text }) => text.includes(copy));
  if (passage === undefined)
    return unanswered(0, `the answer of the service does not stand in the passages: "${copy}"`);
  const start = passage.start + passage.text.indexOf(copy);
  const span = { start, end: start + copy.length };
  return { type: 'answer', answer: copy, score: 1, evidence: evidenceAt(passage.document, span, passage) };
}

function read(text: string): string | null {
  try {
    return answer.parse(JSON.parse(text)).answer;
  } catch (error) {
    throw failure('the answer is not of the form that was asked for', undefined, error);
  }
}
