import { Box, render, Static, Text, useApp, useStdin, useStdout } from 'ink';
import { useLayoutEffect, useRef, useState } from 'react';
import { messageOf } from '../../errors.js';
import { harmless } from '../../terminal-text.js';
import type { CliContext } from '../context.js';
import { createKeyReader, type Key } from './keys.js';

/** A question and what came of it. */
interface Turn {
  readonly id: number;
  readonly question: string;
  readonly answer: string;
}

interface AskSessionProps {
  /** Returns the text to show for a question, made harmless for a terminal. */
  answer(question: string): Promise<string>;
  /** Called for Ctrl-C. */
  interrupt(): void;
}

/**
 * Asks for questions and answers them, until Escape or Ctrl-D. What is typed or pasted during an answer is not lost:
 * questions wait for their turn.
 */
export function AskSession({ answer, interrupt }: AskSessionProps) {
  const { exit } = useApp();
  const { stdout } = useStdout();
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  /** Questions without an answer; the first one is being answered. */
  const [asked, setAsked] = useState<readonly string[]>([]);
  const [typed, setTyped] = useState('');
  // The current input: keys come faster than frames.
  const now = useRef('');
  const answered = useRef(Promise.resolve());
  const type = (text: string) => {
    now.current = text;
    setTyped(text);
  };
  const submit = (question: string) => {
    type('');
    if (question === '') return;
    setAsked((before) => [...before, question]);
    answered.current = answered.current
      .then(() => answer(question))
      .catch((error: unknown) => harmless(`error: ${messageOf(error)}`))
      .then((text) => {
        setTurns((before) => [...before, { id: before.length, question, answer: text }]);
        setAsked(([, ...others]) => others);
      });
  };
  useKeys((key) => {
    if (key === 'end') exit();
    else if (key === 'interrupt') interrupt();
    else if (key === 'enter') submit(now.current.trim());
    else if (key === 'erase') type([...now.current].slice(0, -1).join(''));
    else type(now.current + key.text);
  });
  return (
    <>
      <Static items={[...turns]}>
        {({ id, question, answer: text }) => (
          <Box key={id} flexDirection="column" marginBottom={1}>
            <Text bold color="cyan">{`› ${harmless(question)}`}</Text>
            <Text>{text}</Text>
          </Box>
        )}
      </Static>
      {waiting(asked).map(({ id, line }) => (
        <Text key={id} dimColor wrap="truncate-end">
          {line}
        </Text>
      ))}
      <Text>{`› ${endOf(harmless(typed), ((stdout.columns || 80) * (stdout.rows || 24)) / 4)}▏`}</Text>
    </>
  );
}

/*
 * Ink empties the terminal, with all that was on it before, where what it draws anew has as many lines as the terminal.
 * Pasted lines and texts can be any number, so only some of them are shown.
 */

const mostWaiting = 4;

/** A line for each of the first questions that wait, and the number of the others. */
function waiting(asked: readonly string[]): { readonly id: number; readonly line: string }[] {
  const shown = asked.slice(0, mostWaiting).map((question) => `› ${harmless(question)} …`);
  const others = asked.length > mostWaiting ? [`  … and ${asked.length - mostWaiting} more`] : [];
  return [...shown, ...others].map((line, id) => ({ id, line }));
}

/** As much of the end of a text as that many characters; some are two columns wide. */
function endOf(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `…${characters.slice(-Math.floor(most)).join('')}`;
}

/**
 * Calls back for each key. Ink has a hook for that, which takes a pasted line for one key and ends the program at
 * sequences that it does not know, such as that of Ctrl-F1.
 */
function useKeys(onKey: (key: Key) => void): void {
  const { stdin, setRawMode } = useStdin();
  const latest = useRef(onKey);
  latest.current = onKey;
  useLayoutEffect(() => {
    const read = createKeyReader();
    const onData = (chunk: string | Buffer) => {
      for (const key of read(String(chunk))) latest.current(key);
    };
    // Before the first key can come. Ink reads in raw mode, as text; `data` comes with that.
    setRawMode(true);
    stdin.on('data', onData);
    const onEnd = () => latest.current('end');
    stdin.on('end', onEnd);
    return () => {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      setRawMode(false);
    };
  }, [stdin, setRawMode]);
}

/** Runs a session on the terminal until it is ended. Then the signal for what is under way is aborted. */
export async function runSession(
  context: CliContext,
  answer: (question: string, signal: AbortSignal) => Promise<string>,
): Promise<void> {
  if (context.signal.aborted) return;
  const over = new AbortController();
  // Raw mode keeps the terminal from sending the signal.
  const interrupt = () => void process.emit('SIGINT');
  // The terminal has gone; the signal that says so may come later.
  process.stdin.on('error', () => void process.emit('SIGHUP'));
  const view = render(<AskSession answer={(question) => answer(question, over.signal)} interrupt={interrupt} />, {
    stdout: context.canvas,
    stdin: process.stdin,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  context.signal.addEventListener('abort', () => view.unmount(), { once: true });
  await view.waitUntilExit();
  over.abort();
}
