import { usageError } from '../../errors.js';
import { methodOf } from '../../methods/index.js';
import type { LocalEngine, TaskProfile } from '../../types.js';
import type { Surroundings } from '../surroundings.js';
import { requireAgreementOn } from './agreement.js';
import { resolveNamed } from './choose-model.js';
import { isEmbedding } from './embedding.js';
import type { EngineFlags } from './flags.js';
import { openResolved } from './open-model.js';

/**
 * The model that judges answers in place of the task's own; null where the task names none, or the same one.
 * @param own path of the task's model; null where that is no file
 * @throws SlmError where it cannot
 */
export async function openJudge(
  surroundings: Surroundings,
  profile: TaskProfile,
  own: string | null,
  flags: EngineFlags,
  parallel: 'one' | 'many',
): Promise<LocalEngine | null> {
  const spec = methodOf(profile).judgeOf?.(profile) ?? null;
  if (spec === null) return null;
  await requireAgreementOn(surroundings, spec, profile);
  const model = await resolveNamed(surroundings, spec);
  if (model.path === own) return null;
  const refused = (why: string) =>
    usageError(
      `${profile.path}: the model "${spec}" cannot judge: ${why}.`,
      'Name an instruct model in options.judge, such as qwen2.5-coder-1.5b-instruct.',
    );
  if (isEmbedding(model)) throw refused('it is an embedding model');
  const engine = await openResolved(surroundings, model, flags, parallel);
  if (engine.model.format === 'chat' && engine.model.chatTemplate !== null) return engine;
  await engine.dispose();
  throw refused('it has no chat template');
}
