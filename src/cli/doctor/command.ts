import { Command, Option } from 'commander';
import { usageError } from '../../errors.js';
import type { CliContext } from '../context.js';
import { shared, wholeNumber } from '../options.js';
import type { DoctorFlags } from './doctor.js';

/** `slm doctor`: what there is, and with --tune what is fastest. */
export function doctorCommand(context: CliContext): Command {
  return (
    new Command('doctor')
      .description('show what slm finds on this machine, and measure the fastest settings')
      .option(
        '--tune',
        'measure which numbers of contexts and threads are fastest for a model, and use them from now on',
      )
      .addOption(
        new Option('--rounds <n>', 'with --tune: measurements of each setting').argParser(wholeNumber(1)).default(3),
      )
      .option('--reset', 'forget the settings that --tune found for a model, and use the defaults again')
      .addOption(shared.model())
      // Not for a flag: SLM_THREADS is read, and refused, as other commands do.
      .addOption(shared.threads().hideHelp())
      .option('--json', 'print JSON')
      .action(async (flags: DoctorFlags) => {
        if (flags.tune === true && flags.reset === true) throw usageError('Give --tune or --reset, not both.');
        const { examine, forget, measure } = await import('./doctor.js');
        if (flags.tune === true) await measure(context, flags);
        else if (flags.reset === true) await forget(context, flags);
        else await examine(context, flags);
      })
  );
}
