import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Whether each text is accepted; null when llama.cpp cannot read the grammar. */
export interface Judgement {
  readonly results: readonly boolean[] | null;
  /** Of processor time. */
  readonly parseMs: number;
}

/** Seconds for the texts of one schema; then llama.cpp is taken to hang. */
const patience = 60;

/** llama.cpp as the judge of grammars, in a process that is started again when it crashes or hangs. */
export function grammarJudge() {
  let child: ChildProcessByStdio<Writable, Readable, null> | null = null;
  let lines: Interface | null = null;
  const start = (): void => {
    const script = new URL('grammar-worker.ts', import.meta.url).pathname;
    child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin.on('error', () => undefined);
    lines = createInterface({ input: child.stdout });
  };
  return {
    async judge(grammar: string, texts: readonly string[]): Promise<Judgement> {
      if (child === null) start();
      const worker = child as unknown as ChildProcessByStdio<Writable, Readable, null>;
      const answer = await new Promise<string | null>((resolve) => {
        const timer = setTimeout(() => worker.kill('SIGKILL'), patience * 1000);
        const gone = (): void => done(null);
        const done = (line: string | null): void => {
          clearTimeout(timer);
          worker.off('exit', gone);
          resolve(line);
        };
        worker.once('exit', gone);
        lines?.once('line', done);
        worker.stdin.write(`${JSON.stringify({ grammar, texts })}\n`);
      });
      if (answer === null) child = null;
      return answer === null ? { results: null, parseMs: 0 } : (JSON.parse(answer) as Judgement);
    },
    end(): void {
      child?.stdin.end();
    },
  };
}
