import { Command, Option } from 'commander';
import type { CliContext } from '../context.js';
import { shared, wholeNumber } from '../options.js';
import type { AskFlags } from './ask.js';

/** `slm ask`: a question to files and folders, without a task. */
export function askCommand(context: CliContext): Command {
  return new Command('ask')
    .description('answer a question from files and folders; answers are copied from them')
    .argument('[question]', 'the question (default: read questions line by line)')
    .argument(
      '[files...]',
      'text, Markdown, HTML, PDF, DOCX or EPUB files, or folders with such files (default: this folder)',
    )
    .addOption(new Option('-n, --answers <count>', 'answers to show, best first').argParser(wholeNumber(1)).default(1))
    .option('--json', 'a JSON object for each question')
    .addOption(shared.threshold())
    .addOption(shared.model())
    .addOption(shared.threads())
    .addOption(shared.contextSize())
    .addOption(shared.gpu())
    .action(async (question: string | undefined, files: string[], flags: AskFlags) => {
      const { ask } = await import('./ask.js');
      await ask(context, question, files, flags);
    });
}
