import type { Paint } from '../../formats/index.js';
import { clip, visible } from '../../formats/pretty.js';
import { lengthIn } from '../../spans.js';
import { rounded } from '../../task-types/cells.js';
import type { AnswerOutput, Evidence, OtherAnswer } from '../../types.js';

/** The parts of an answer that are shown. */
export interface AnswerStyle {
  readonly paint: Paint;
  readonly width: number;
  /** Answers, best first. */
  readonly count: number;
}

/** Answers with the sentence that each stands in and the place of it, or why there is none. */
export function answerLines(output: AnswerOutput, { paint, width, count }: AnswerStyle): string[] {
  const given = answersIn(output, count);
  if (given.length === 0) return [`no answer: ${visible(output.reason ?? 'nothing was found')}`];
  return given.flatMap(({ answer, score, evidence }) => {
    const { source, line, page } = evidence;
    const place = `${visible(source)}:${line}${page === undefined ? '' : `, page ${page}`}`;
    return [
      `${paint.bold(visible(answer))}  ${paint.dim(`${Math.round(score * 100)} %`)}`,
      `  ${marked(evidence, width - 2, paint)}`,
      `  ${paint.cyan(place)}`,
    ];
  });
}

/** The line above the answers to a question that does not stand on the command line. */
export function questionLine(question: string, paint: Paint): string {
  return paint.bold(paint.cyan(`› ${visible(question)}`));
}

/** The same for programs. */
export function answerObject(question: string, output: AnswerOutput, count: number): Record<string, unknown> {
  return {
    question,
    answers: answersIn(output, count).map(({ answer, score, evidence }) => {
      const { source, line, page, start, sentence } = evidence;
      return {
        answer,
        score: rounded(score),
        source,
        line,
        ...(page === undefined ? {} : { page }),
        start: start.codepoint,
        end: start.codepoint + lengthIn(partsOf(evidence)?.inside ?? answer, 'codepoint'),
        sentence,
      };
    }),
    ...(output.answer === null ? { reason: output.reason } : {}),
  };
}

function answersIn({ answer, score, evidence, others = [] }: AnswerOutput, count: number): OtherAnswer[] {
  if (answer === null || evidence === undefined) return [];
  return [{ answer, score, evidence }, ...others].slice(0, count);
}

/** The sentence cut at the span of the answer; null where that is not inside it. */
function partsOf({ span, sentence, sentenceStart }: Evidence) {
  const start = span.start - sentenceStart;
  const end = span.end - sentenceStart;
  if (start < 0 || end > sentence.length) return null;
  return { before: sentence.slice(0, start), inside: sentence.slice(start, end), after: sentence.slice(end) };
}

/** The sentence with the answer set off, as much of it as one or two lines hold. */
function marked(evidence: Evidence, width: number, paint: Paint): string {
  const parts = partsOf(evidence);
  if (parts === null) return clip(visible(evidence.sentence), Math.max(40, width * 2));
  const room = Math.max(40, width * 2 - parts.inside.length);
  const before = [...visible(parts.before)];
  const kept = Math.floor(room / 2);
  const start = before.length > kept ? `…${before.slice(-kept).join('')}` : before.join('');
  const after = clip(visible(parts.after), Math.max(20, room - start.length));
  // Blanks around the answer are lost where control characters are made visible.
  const left = /\s$/u.test(parts.before) ? ' ' : '';
  const right = /^\s/u.test(parts.after) ? ' ' : '';
  return `${start}${left}${paint.bold(paint.green(`[${visible(parts.inside)}]`))}${right}${after}`;
}
