import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { refuseUnknownCommand } from '../default-command.js';

/** `slm index`: the documents that are kept on disk with what finds passages in them. */
export function indexCommand(context: CliContext): Command {
  const command = new Command('index')
    .description('index documents once, so that questions about them start at once')
    .hook('preSubcommand', refuseUnknownCommand);

  command
    .command('build')
    .description('read and index documents, or only what has changed since')
    .argument('<files...>', 'files and folders, as they are named when questions are asked')
    .option('--json', 'as JSON')
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const { build } = await import('./indexes.js');
      await build(context, files, json === true);
    });

  command
    .command('status', { isDefault: true })
    .description('the indexes on this machine, and whether files have changed since')
    .argument('[files...]', 'files and folders (default: all indexes)')
    .option('--json', 'as JSON')
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const { status } = await import('./indexes.js');
      await status(context, files, json === true);
    });

  command
    .command('rm')
    .description('remove an index; the documents stay')
    .argument('[files...]', 'files and folders')
    .option('--all', 'every index')
    .action(async (files: string[], { all }: { all?: boolean }) => {
      const { remove } = await import('./indexes.js');
      remove(context, files, all === true);
    });

  return command;
}
