import { existsSync } from 'node:fs';
import path from 'node:path';
import { openHere, type TaskSource } from '../../app/run/task-source.js';
import { exitCodes, usageError } from '../../errors.js';
import { type BadRow, recordOf } from '../../record.js';
import { readers, stdinSource } from '../../records/index.js';
import type { AnswerOutput, InputRecord, Prediction } from '../../types.js';
import type { CliContext } from '../context.js';
import { createPaint } from '../terminal/paint.js';
import { answerLines, answerObject } from './ask-text.js';

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
  const { question, folders } = whatIsWhat(context, first, files);
  if (question !== null && files.length === 0 && context.stdinIsPiped)
    context.notice('standard input is not read: `slm ask "…" -` answers from it');
  const { answers: count, json = false, ...task } = flags;
  const isSession = question === null && context.stdoutIsTerminal && context.stderr.isTTY === true && !json;
  const source = await openHere(context, askedTask, { ...task, context: [...folders] }, 'one', null);
  context.onClose(() => source.close());
  const paint = await createPaint(context.color && context.stdoutIsTerminal);
  const show = ({ record, output, error }: Prediction): string => {
    if (output === undefined) {
      context.exit(exitCodes.someRecordsFailed);
      return json ? JSON.stringify({ question: record.text, error }) : `error: ${error ?? 'no output'}`;
    }
    const answered = output as AnswerOutput;
    if (json) return JSON.stringify(answerObject(record.text, answered, count));
    return answerLines(answered, { paint, width: context.columns, count }).join('\n');
  };
  const answer = async (asked: AsyncIterable<InputRecord | BadRow>, onAnswer: (text: string) => void) => {
    for await (const prediction of source.predict(asked, { explain: false })) {
      source.checkModel();
      onAnswer(show(prediction));
    }
  };
  if (isSession) {
    const { runSession } = await import('./ask-session.js');
    await runSession(context, (text) => answerOne(answer, source, text));
    return;
  }
  const questions = question === null ? questionsFrom(context, source) : recordsOf([question], source);
  let isFirst = true;
  await answer(questions, (text) => {
    // A question that came from elsewhere stands above its answers.
    if (!isFirst && !json) context.stdout.write('\n');
    isFirst = false;
    context.stdout.write(`${text}\n`);
  });
}

/** `slm ask notes`: what exists is a folder, also in the place of the question. */
function whatIsWhat(
  context: CliContext,
  first: string | undefined,
  files: readonly string[],
): { question: string | null; folders: readonly string[] } {
  const exists = (name: string) => existsSync(path.resolve(context.cwd, name));
  if (first === undefined) return { question: null, folders: ['.'] };
  // An empty name would be this folder.
  if (first.trim() === '') throw usageError('the question is empty');
  if (!/\s/u.test(first.trim()) && exists(first)) return { question: null, folders: [first, ...files] };
  const missing = files.find((name) => name !== '-' && !exists(name));
  if (missing !== undefined)
    throw usageError(`no file or folder "${missing}"`, 'Put quotes around a question: slm ask "who is it?" notes/');
  return { question: first, folders: files.length === 0 ? ['.'] : files };
}

async function answerOne(
  answer: (asked: AsyncIterable<InputRecord | BadRow>, onAnswer: (text: string) => void) => Promise<void>,
  source: TaskSource,
  question: string,
): Promise<string> {
  let shown = '';
  await answer(recordsOf([question], source), (text) => {
    shown = text;
  });
  return shown;
}

async function* recordsOf(questions: readonly string[], { summary }: TaskSource): AsyncIterable<InputRecord | BadRow> {
  for (const [index, text] of questions.entries())
    yield recordOf({ fields: { text }, origin: { file: '-', line: index + 1 } }, index, summary.input, null);
}

async function* questionsFrom(context: CliContext, { summary }: TaskSource): AsyncIterable<InputRecord | BadRow> {
  const options = { maxRecordBytes: 1 << 20, onWarning: (message: string) => context.notice(message) };
  let index = 0;
  for await (const row of readers.lines.read(stdinSource(context.stdin), options)) {
    if (String(row.fields.text ?? '').trim() !== '') yield recordOf(row, index++, summary.input, null);
  }
}
