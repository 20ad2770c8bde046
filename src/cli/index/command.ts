import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { refuseUnknownCommand } from '../default-command.js';

/** `slm index`: the documents that are kept on disk with what finds passages in them. */
export function indexCommand(context: CliContext): Command {
  const command = new Command('index')
    .description('index documents, so that later questions need not read them again')
    .hook('preSubcommand', refuseUnknownCommand);

  command
    .command('build')
    .description('index documents; later calls read only files that have changed')
    .argument('<files...>', 'files and folders, named as in the questions that will use the index')
    .option('--json', 'print JSON')
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const { build } = await import('./indexes.js');
      await build(context, files, json === true);
    });

  command
    .command('status', { isDefault: true })
    .description('list the indexes on this machine, and whether their files have changed')
    .argument('[files...]', 'files and folders (default: all indexes)')
    .option('--json', 'print JSON')
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
