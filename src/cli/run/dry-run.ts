import { withChoices } from '../../app/opening/choices.js';
import { chooseModel } from '../../app/opening/choose-model.js';
import type { TaskFlags } from '../../app/opening/flags.js';
import { promptModel } from '../../app/opening/prompt-model.js';
import { shownProfile } from '../../app/opening/tuned-settings.js';
import { type Input, type InputFlags, limitToFirst, readRecords } from '../../app/run/inputs.js';
import { profileContext } from '../../app/surroundings.js';
import { modelsOf } from '../../cascade-reference.js';
import { serviceOf } from '../../engines/index.js';
import { exitCodes } from '../../errors.js';
import { describePrompt } from '../../methods/explain.js';
import { methodOf, withFittingMethod } from '../../methods/index.js';
import { loadProfile } from '../../profile/index.js';
import { isBadRow } from '../../record.js';
import type { CliContext } from '../context.js';

/** The prompt of the first record, as the model would be given it. */
export async function showPrompt(
  context: CliContext,
  task: string,
  inputs: readonly Input[],
  flags: InputFlags & TaskFlags,
): Promise<void> {
  const untuned = withChoices(await loadProfile(task, profileContext(context)), flags);
  const [spec = ''] = modelsOf(await chooseModel(context, flags, untuned));
  const service = serviceOf(spec);
  const profile =
    service !== null
      ? withFittingMethod(untuned, service.kind.capabilities)
      : flags.untuned === true
        ? untuned
        : await shownProfile(context, untuned, spec);
  const model = await promptModel(context, spec, profile);
  const render = methodOf(profile).renderer(profile, model);
  for await (const record of readRecords(context, inputs, profile, { ...flags, limit: limitToFirst(flags) })) {
    if (isBadRow(record)) {
      context.notice(record.error);
      context.exit(exitCodes.someRecordsFailed);
      return;
    }
    context.print(`${describePrompt(render(record.fields))}\n`);
  }
}
