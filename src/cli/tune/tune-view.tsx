import { Box, render, Text } from 'ink';
import type { Trial } from '../../methods/candidates/types.js';
import { formatDuration } from '../../quantities.js';
import { tableText } from '../terminal/table.js';

/** The step under way: a trial, or a stage after the search. */
export interface TuneStep {
  readonly title: string;
  /** Part of it that reports how far it is; null where nothing has been heard yet. */
  readonly part: { readonly what: string; readonly done: number; readonly total: number } | null;
}

export interface TuneState {
  readonly title: string;
  /** Title of the measure that the search goes by. */
  readonly metric: string;
  readonly examples: number;
  /** The last measurement of each candidate, best first. */
  readonly trials: readonly Trial[];
  /** Candidates of this round that are left out. */
  readonly skipped: number;
  readonly step: TuneStep | null;
  /** A notice that came during the step. */
  readonly note: string | null;
  readonly seconds: number;
  readonly budgetSeconds: number;
}

const barWidth = 30;
/** Lines of the view beside the trials. */
const otherLines = 9;

/** A search under way. */
export function TuneView({ rows, ...state }: TuneState & { readonly rows: number }) {
  const { title, metric, examples, trials, skipped, step, note, seconds, budgetSeconds } = state;
  const shown = trials.slice(0, Math.max(3, rows - otherLines));
  const more = trials.length - shown.length;
  const left = budgetSeconds - seconds;
  return (
    <Box flexDirection="column">
      <Box gap={1}>
        <Text bold>{title}</Text>
        <Text dimColor>{`${examples} examples, ${budgetLine(left)}`}</Text>
      </Box>
      {shown.length === 0 ? null : <TrialLines metric={metric} trials={shown} />}
      {more > 0 ? <Text dimColor>{`… and ${more} that do worse`}</Text> : null}
      {skipped > 0 ? <Text dimColor>{`${skipped} not tried`}</Text> : null}
      {step === null ? null : <StepLines {...step} />}
      {note === null ? null : (
        <Text dimColor wrap="truncate">
          {note}
        </Text>
      )}
    </Box>
  );
}

function budgetLine(left: number): string {
  return left > 0 ? `${formatDuration(left)} of the budget left` : 'the budget is spent';
}

/** The title comes last: a narrow terminal cuts it off. */
function TrialLines({ metric, trials }: Pick<TuneState, 'metric' | 'trials'>) {
  const [head, ...lines] = tableText(
    ['', metric, '95 %', 'n', 'tokens a record', 'trial'],
    trials.map(({ score, interval, n, tokensPerRecord, title }, i) => [
      i === 0 ? '*' : '',
      score.toFixed(3),
      interval === null ? '' : `${interval.low.toFixed(3)}–${interval.high.toFixed(3)}`,
      String(n),
      tokensPerRecord.toFixed(0),
      title,
    ]),
    ['left', 'right', 'left', 'right', 'right', 'left'],
  )
    .trimEnd()
    .split('\n');
  return (
    <>
      <Text dimColor wrap="truncate">
        {head}
      </Text>
      {lines.map((line, i) =>
        i === 0 ? (
          <Text key={trials[i]?.key} color="green" wrap="truncate">
            {line}
          </Text>
        ) : (
          <Text key={trials[i]?.key} wrap="truncate">
            {line}
          </Text>
        ),
      )}
    </>
  );
}

function StepLines({ title, part }: TuneStep) {
  const share = part === null || part.total === 0 ? 0 : part.done / part.total;
  const filled = Math.round(share * barWidth);
  return (
    <>
      <Text wrap="truncate">{`now: ${title}`}</Text>
      <Box gap={1}>
        <Text color="green">{'█'.repeat(filled) + '░'.repeat(barWidth - filled)}</Text>
        <Text wrap="truncate">{part === null ? '' : `${part.what}, ${part.done} of ${part.total}`}</Text>
      </Box>
    </>
  );
}

/** Draws on stderr until ended; the last frame goes away. */
export function renderTuneView(stderr: NodeJS.WriteStream, first: TuneState) {
  // A frame as high as the terminal makes it scroll.
  const rows = () => (stderr.rows || 24) - 1;
  const view = render(<TuneView {...first} rows={rows()} />, {
    stdout: stderr,
    stdin: process.stdin,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  return {
    update: (state: TuneState) => view.rerender(<TuneView {...state} rows={rows()} />),
    end: () => {
      view.clear();
      view.unmount();
    },
  };
}
