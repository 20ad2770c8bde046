import { Box, render, Text } from 'ink';
import type { Progress } from '../../evaluate/evaluate.js';
import { formatDuration } from '../../quantities.js';

export interface EvalState extends Progress {
  readonly title: string;
  readonly seconds: number;
}

const barWidth = 30;

/** One evaluation under way. */
export function EvalView({ title, done, total, correct, failed, seconds }: EvalState) {
  const share = total === 0 ? 0 : done / total;
  const filled = Math.round(share * barWidth);
  const perSecond = done / seconds;
  const known = done > 0 && seconds > 0;
  return (
    <Box flexDirection="column">
      <Text bold>{title}</Text>
      <Box gap={1}>
        <Text color="green">{'█'.repeat(filled) + '░'.repeat(barWidth - filled)}</Text>
        <Text>{`${done} of ${total}`}</Text>
        {known ? (
          <Text dimColor>{`${perSecond.toFixed(1)} a second, ${formatDuration((total - done) / perSecond)} left`}</Text>
        ) : null}
      </Box>
      <Box gap={1}>
        <Text>
          {done === 0 ? 'no record is done yet' : `${((100 * correct) / done).toFixed(1)} % all right so far`}
        </Text>
        {failed > 0 ? <Text color="red">{`${failed} failed`}</Text> : null}
      </Box>
    </Box>
  );
}

/** Draws on stderr until ended; the last frame goes away. */
export function renderEvalView(stderr: NodeJS.WriteStream, first: EvalState) {
  const view = render(<EvalView {...first} />, {
    stdout: stderr,
    stdin: process.stdin,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  return {
    update: (state: EvalState) => view.rerender(<EvalView {...state} />),
    end: () => {
      view.clear();
      view.unmount();
    },
  };
}
