import { Command } from 'commander';
import type { TaskFlags } from '../../app/opening/flags.js';
import type { CliContext } from '../context.js';
import { byteSize, opensTasks } from '../options.js';

interface McpFlags extends TaskFlags {
  maxMemory?: number;
}

/** Bytes of one message, as of one request of `slm serve`. */
const messageBytes = 8 << 20;

/** `slm mcp`: the tasks as tools, over standard input and output. */
export function mcpCommand(context: CliContext): Command {
  return opensTasks(
    new Command('mcp')
      .description('offer tasks as tools to assistants and agents, by the Model Context Protocol')
      .argument('[tasks...]', 'tasks to offer (default: all tasks of `slm tasks list`)')
      .option('--max-memory <bytes>', 'unload idle models when this process uses more memory than this', byteSize),
  ).action(async (tasks: string[], flags: McpFlags) => {
    const { openPool } = await import('../../app/serving/pool.js');
    const { serveMcp } = await import('../../mcp/index.js');
    const pool = await openPool(context, { tasks, flags, maxMemoryBytes: flags.maxMemory ?? null });
    try {
      await serveMcp({
        pool,
        version: context.version,
        input: process.stdin,
        output: process.stdout,
        closing: context.signal,
        messageBytes,
        log: (line) => context.notice(line),
      });
    } finally {
      await pool.close();
    }
  });
}
