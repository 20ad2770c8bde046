import { Box, render, Static, Text, useApp, useInput } from 'ink';
import { useRef, useState } from 'react';
import type { CliContext } from '../context.js';

/** A question and what came of it. */
interface Turn {
  readonly id: number;
  readonly question: string;
  readonly answer: string;
}

/** Returns the text to show for a question, made harmless for a terminal. */
type Answering = (question: string) => Promise<string>;

/** Asks for a question, answers it, and asks for the next one, until Escape, Ctrl-C or Ctrl-D. */
export function AskSession({ answer }: { readonly answer: Answering }) {
  const { exit } = useApp();
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [typed, setTyped] = useState('');
  // The current input: keys come faster than frames.
  const now = useRef('');
  const type = (text: string) => {
    now.current = text;
    setTyped(text);
  };
  const [asked, setAsked] = useState<string | null>(null);
  const submit = (question: string) => {
    if (question === '') return;
    type('');
    setAsked(question);
    answer(question)
      .catch((error: unknown) => `error: ${error instanceof Error ? error.message : String(error)}`)
      .then((text) => {
        setTurns((before) => [...before, { id: before.length, question, answer: text }]);
        setAsked(null);
      });
  };
  useInput((input, key) => {
    if (key.escape || (key.ctrl && (input === 'c' || input === 'd'))) exit();
    else if (asked !== null) return;
    else if (key.return) submit(now.current.trim());
    else if (key.backspace || key.delete) type([...now.current].slice(0, -1).join(''));
    else if (!key.ctrl && !key.meta) type(now.current + input.replace(/\p{Cc}/gu, ''));
  });
  return (
    <>
      <Static items={[...turns]}>
        {({ id, question, answer: text }) => (
          <Box key={id} flexDirection="column" marginBottom={1}>
            <Text bold color="cyan">{`› ${question}`}</Text>
            <Text>{text}</Text>
          </Box>
        )}
      </Static>
      {asked === null ? <Text>{`› ${typed}▏`}</Text> : <Text dimColor>{`› ${asked} …`}</Text>}
    </>
  );
}

/** Runs a session on the terminal until it is ended. */
export async function runSession(context: CliContext, answer: Answering): Promise<void> {
  const view = render(<AskSession answer={answer} />, {
    stdout: context.canvas,
    stdin: process.stdin,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  context.signal.addEventListener('abort', () => view.unmount(), { once: true });
  await view.waitUntilExit();
}
