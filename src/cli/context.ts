import type { Surroundings } from '../app/surroundings.js';

/** The surroundings of the application, and the terminal. Known inside `cli/` alone. */
export interface CliContext extends Surroundings {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Whether colours are wanted where output is a terminal. */
  readonly color: boolean;
  readonly quiet: boolean;
  /** Stack traces and the engine's own log. */
  readonly debug: boolean;
  readonly stdoutIsTerminal: boolean;
  /** Width of the terminal. */
  readonly columns: number;
  /** Whether the user has asked us to stop: finish the line and go. Then `signal` is aborted, too. */
  interrupted(): boolean;
  /** The exit code to end with; the first one that is not 0 stays. */
  exit(code: number): void;
  /** Work to do before the process ends, whatever happens. */
  onClose(action: () => Promise<void>): void;
}
