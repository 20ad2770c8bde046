import { Box, render, Static, Text, useApp, useStdin } from 'ink';
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
      {asked.length === 0 ? null : (
        <Text dimColor>{asked.map((question) => `› ${harmless(question)} …`).join('\n')}</Text>
      )}
      <Text>{`› ${harmless(typed)}▏`}</Text>
    </>
  );
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
    return () => {
      stdin.off('data', onData);
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
