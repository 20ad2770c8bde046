import { openHere, type TaskSource } from '../../app/run/task-source.js';
import { exitCodes } from '../../errors.js';
import { visible } from '../../formats/pretty.js';
import { type BadRow, recordOf } from '../../record.js';
import { readers, stdinSource } from '../../records/index.js';
import { harmlessJson } from '../../terminal-text.js';
import type { AnswerOutput, InputRecord, Prediction } from '../../types.js';
import type { CliContext } from '../context.js';
import { createPaint } from '../terminal/paint.js';
import { readArguments } from './ask-arguments.js';
import { answerLines, answerObject, questionLine } from './ask-text.js';

export interface AskFlags {
  answers: number;
  json?: boolean;
  threshold?: number;
  model?: string;
  threads?: number;
  contextSize?: number;
  gpu?: 'auto' | 'cuda' | 'vulkan' | 'metal';
}

/** The shipped task that questions go to. */
const askedTask = 'qa';

/** Answers a question, the questions of a session on a terminal, or those that come line by line. */
export async function ask(
  context: CliContext,
  first: string | undefined,
  files: readonly string[],
  flags: AskFlags,
): Promise<void> {
  const { question, folders } = readArguments(context.cwd, first, files);
  if (question !== null && files.length === 0 && context.stdinIsPiped)
    context.notice('standard input is not read: `slm ask "…" -` answers from it');
  const { answers: count, json = false, ...task } = flags;
  const source = await openHere(context, askedTask, { ...task, context: [...folders] }, 'one', null);
  context.onClose(() => source.close());
  const paint = await createPaint(context.color && context.stdoutIsTerminal);
  const show = ({ record, output, error }: Prediction): string => {
    if (output === undefined) {
      context.exit(exitCodes.someRecordsFailed);
      const why = error ?? 'no output';
      return json ? harmlessJson(JSON.stringify({ question: record.text, error: why })) : `error: ${visible(why)}`;
    }
    const answered = output as AnswerOutput;
    if (json) return harmlessJson(JSON.stringify(answerObject(record.text, answered, count)));
    return answerLines(answered, { paint, width: context.columns, count }).join('\n');
  };
  const answers = async function* (asked: AsyncIterable<InputRecord | BadRow>, signal?: AbortSignal) {
    for await (const prediction of source.predict(asked, { explain: false, ...(signal && { signal }) })) {
      source.checkModel();
      yield { question: prediction.record.text, text: show(prediction) };
    }
  };
  if (question === null && !json && isConversation(context)) {
    const { runSession } = await import('./ask-session.js');
    await runSession(context, async (typed, signal) => {
      for await (const { text } of answers(recordsOf([typed], source), signal)) return text;
      return '';
    });
  } else {
    const questions = question === null ? questionsFrom(context, source) : recordsOf([question], source);
    let shown = 0;
    for await (const { question: asked, text } of answers(questions)) {
      if (question === null && !json) context.stdout.write(`${shown === 0 ? '' : '\n'}${questionLine(asked, paint)}\n`);
      context.stdout.write(`${text}\n`);
      shown++;
    }
    if (shown === 0 && !context.interrupted()) context.notice('no questions on standard input');
  }
  if (context.interrupted()) context.exit(exitCodes.interrupted);
}

/** Whether somebody types questions and reads the answers on one terminal. The session draws on standard error. */
function isConversation({ stdinIsTerminal, stdoutIsTerminal, stderr }: CliContext): boolean {
  return stdinIsTerminal && stdoutIsTerminal && stderr.isTTY === true;
}

async function* recordsOf(questions: readonly string[], { summary }: TaskSource): AsyncIterable<InputRecord | BadRow> {
  for (const [index, text] of questions.entries())
    yield recordOf({ fields: { text }, origin: { file: '-', line: index + 1 } }, index, summary.input, null);
}

/** The lines of standard input that are not blank; one that cannot be read with its error. */
export async function* questionsFrom(
  { stdin, notice }: Pick<CliContext, 'stdin' | 'notice'>,
  { summary }: { readonly summary: Pick<TaskSource['summary'], 'input'> },
): AsyncIterable<InputRecord | BadRow> {
  const options = { maxRecordBytes: 1 << 20, onWarning: (message: string) => notice(message) };
  let index = 0;
  for await (const row of readers.lines.read(stdinSource(stdin), options)) {
    // Without the flag that the readers of `slm run` advise.
    const error = row.error?.replace(/; .*$/su, '');
    if (error === undefined && String(row.fields.text ?? '').trim() === '') continue;
    yield recordOf(error === undefined ? row : { ...row, error }, index++, summary.input, null);
  }
}
