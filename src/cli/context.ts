import type { Surroundings } from '../app/surroundings.js';

/** The surroundings of the application, and the terminal. Known inside `cli/` alone. */
export interface CliContext extends Surroundings {
  /** Output for data, written unchanged. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Tables and sheets for people, on standard output: nothing in them acts on a terminal. */
  print(text: string): void;
  /** Text for people: nothing in it acts on a terminal. `isTTY` only where lines can be drawn anew. */
  readonly stderr: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): unknown };
  /** Standard error as it is, for views that draw on it with texts made harmless before. */
  readonly canvas: NodeJS.WriteStream;
  /** Whether colours are wanted where output is a terminal. */
  readonly color: boolean;
  readonly quiet: boolean;
  /** Stack traces and the engine's own log. */
  readonly debug: boolean;
  readonly stdoutIsTerminal: boolean;
  /** Whether somebody can type. */
  readonly stdinIsTerminal: boolean;
  /** Whether somebody may have written to standard input: it is a pipe, or a file with something in it. */
  readonly stdinIsPiped: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  /** Whether the user has asked us to stop: finish the line and go. Then `signal` is aborted, too. */
  interrupted(): boolean;
  /** The exit code to end with; the first one that is not 0 stays. */
  exit(code: number): void;
  /** Work to do before the process ends, whatever happens. */
  onClose(action: () => Promise<void>): void;
}
