import { lengthIn, type OffsetUnit } from '../../spans.js';
import type { AnswerOutput, OtherAnswer } from '../../types.js';
import { decimals, rounded } from '../cells.js';
import type { ResultForm } from '../types.js';

/** An answer with its place in the document. */
export const results: ResultForm<AnswerOutput> = {
  names: ['answer', 'start', 'end', 'source', 'line', 'page', 'sentence', 'sentences', 'score', 'reason'],
  inputName: 'question',
  manyRows: false,

  object(output, { text }, { offsets }) {
    const { answer, reason } = output;
    const score = rounded(output.score);
    if (answer === null) return { question: text, answer, score, ...(reason === undefined ? {} : { reason }) };
    return { question: text, answer, ...placeOf(output, offsets), ...sentencesOf(output, offsets), score };
  },

  columns: ({ properties }) => [
    ...['question', 'answer', 'start', 'end', 'source', 'line', 'page', 'sentence', 'score', 'reason'],
    ...properties.filter((name) => name === 'sentences'),
  ],

  rows(output, _record, { offsets }) {
    const { answer, reason } = output;
    const score = rounded(output.score);
    return [{ answer, ...placeOf(output, offsets), score, reason, ...sentencesOf(output, offsets) }];
  },

  lines(output, { text }, { offsets }) {
    if (output.sentences !== undefined)
      return output.sentences.map((each) => {
        const { text: sentence, source, line, start, end } = sentenceObject(each, offsets);
        return [sentence, decimals(output.score), source, line, start, end, text];
      });
    const { source = '', line = '', start = '', end = '' } = placeOf(output, offsets) ?? {};
    return [[output.answer ?? '', decimals(output.score), source, line, start, end, text]];
  },

  failedLine: ({ text }) => ['', '', '', '', '', '', text],

  pipelineIsList: false,

  pipeline(output, _record, { top }) {
    const { answer, score, sentences, evidence } = output;
    const { start = 0, end = 0 } = placeOf(output, 'codepoint') ?? {};
    const copied = sentences === undefined ? answer : evidence?.sentence;
    const found = { answer: copied ?? '', score, start, end };
    return top !== null && top > 1 ? [found] : found;
  },

  shown(output, { text }, { offsets }, { width, paint, visible, clip, percent }) {
    const asked = paint.dim(visible(text));
    const place = placeOf(output, offsets);
    if (output.answer === null) {
      const reason = output.reason === undefined ? '' : `: ${visible(output.reason)}`;
      return [asked, `  ${paint.yellow('no answer')}${reason}`, ''];
    }
    if (output.sentences !== undefined) {
      const lines = output.sentences.flatMap((each) => {
        const { text: given, source, line, page, start, end } = sentenceObject(each, offsets);
        const place = `${paint.cyan(`${visible(source)}:${line}`)}${page === undefined ? '' : ` page ${page}`}`;
        return [`  ${paint.bold(visible(given))}`, `  ${place} ${paint.dim(`${start}–${end}`)}`];
      });
      return [`${asked}  ${percent(output.score)}`, ...lines, ''];
    }
    const found = `  ${paint.bold(visible(output.answer))}  ${percent(output.score)}`;
    if (place === null) return [asked, found, ''];
    const { source, line, page, start, end, sentence } = place;
    return [
      asked,
      found,
      `  ${paint.dim(clip(visible(sentence), Math.max(10, width - 2)))}`,
      `  ${paint.cyan(`${visible(source)}:${line}`)}${page === undefined ? '' : ` page ${page}`} ${paint.dim(`${start}–${end}`)}`,
      '',
    ];
  },
};

/** Where an answer stands, for all formats; null when there is none. */
function placeOf({ answer, evidence, isVerdict, sentences }: AnswerOutput, unit: OffsetUnit) {
  if (evidence === undefined || answer === null) return null;
  const { source, line, page, sentence } = evidence;
  const start = evidence.start[unit];
  return {
    start,
    end: start + lengthIn(isVerdict === true || sentences !== undefined ? sentence : answer, unit),
    source,
    line,
    ...(page === undefined ? {} : { page }),
    sentence,
  };
}

/** The sentences of an answer that is made of such; nothing for other answers. */
function sentencesOf({ sentences }: AnswerOutput, unit: OffsetUnit) {
  return sentences === undefined ? {} : { sentences: sentences.map((each) => sentenceObject(each, unit)) };
}

function sentenceObject({ answer: text, evidence }: OtherAnswer, unit: OffsetUnit) {
  const { source, line, page } = evidence;
  const start = evidence.start[unit];
  return { text, start, end: start + lengthIn(text, unit), source, line, ...(page === undefined ? {} : { page }) };
}
