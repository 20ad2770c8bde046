import type { Paint } from '../../formats/index.js';
import { clip, visible } from '../../formats/pretty.js';
import { rounded } from '../../task-types/cells.js';
import type { AnswerOutput, OtherAnswer } from '../../types.js';

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
    const { source, line, page, sentence } = evidence;
    const place = `${visible(source)}:${line}${page === undefined ? '' : `, page ${page}`}`;
    return [
      `${paint.bold(visible(answer))}  ${paint.dim(`${Math.round(score * 100)} %`)}`,
      `  ${marked(sentence, answer, width - 2, paint)}`,
      `  ${paint.cyan(place)}`,
    ];
  });
}

/** The same for programs. */
export function answerObject(question: string, output: AnswerOutput, count: number): Record<string, unknown> {
  return {
    question,
    answers: answersIn(output, count).map(({ answer, score, evidence: { source, line, page, start, sentence } }) => ({
      answer,
      score: rounded(score),
      source,
      line,
      ...(page === undefined ? {} : { page }),
      start: start.codepoint,
      end: start.codepoint + [...answer].length,
      sentence,
    })),
    ...(output.answer === null ? { reason: output.reason } : {}),
  };
}

function answersIn({ answer, score, evidence, others = [] }: AnswerOutput, count: number): OtherAnswer[] {
  if (answer === null || evidence === undefined) return [];
  return [{ answer, score, evidence }, ...others].slice(0, count);
}

/** The sentence with the answer set off, as much of it as one or two lines hold. */
function marked(sentence: string, answer: string, width: number, paint: Paint): string {
  const at = sentence.indexOf(answer);
  const room = Math.max(40, width * 2 - answer.length);
  const before = visible(sentence.slice(0, at));
  const start = before.length > room / 2 ? `…${before.slice(-Math.floor(room / 2))}` : before;
  const after = clip(visible(sentence.slice(at + answer.length)), Math.max(20, room - start.length));
  // Blanks around the answer are lost where control characters are made visible.
  const left = /\s$/u.test(sentence.slice(0, at)) ? ' ' : '';
  const right = /^\s/u.test(sentence.slice(at + answer.length)) ? ' ' : '';
  return `${start}${left}${paint.bold(paint.green(`[${visible(answer)}]`))}${right}${after}`;
}
