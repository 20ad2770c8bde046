import { existsSync } from 'node:fs';
import { readConfig } from '../../app/config.js';
import { chooseModel, modelToFetch, resolveNamed } from '../../app/opening/choose-model.js';
import { forgetMachine, keepMachine, machinesFile, readMachine } from '../../app/opening/machines.js';
import { threadsOf } from '../../app/opening/threads.js';
import { cacheDirectory, configDirectory, modelEnvironment } from '../../app/surroundings.js';
import { cascadeOf } from '../../cascade-reference.js';
import { engines, type MeasuredCandidate, serviceOf } from '../../engines/index.js';
import { defaultShape, type Shape, sameShape } from '../../engines/shape.js';
import { median } from '../../metrics/median.js';
import { modelPath, readSpec } from '../../models/index.js';
import { jsonText } from '../../terminal-text.js';
import type { CliContext } from '../context.js';
import { createStatusLine } from '../terminal/status-line.js';
import { tableText } from '../terminal/table.js';

export interface DoctorFlags {
  tune?: boolean;
  reset?: boolean;
  rounds: number;
  model?: string;
  threads?: number;
  json?: boolean;
}

/** Examines the machine and the installation without loading or fetching a model. */
export async function examine(context: CliContext, flags: DoctorFlags): Promise<void> {
  const spec = await chooseModel(context, flags, null);
  const environment = modelEnvironment(context);
  // A service is no file, and a cascade is several models.
  const isOneFile = serviceOf(spec) === null && cascadeOf(spec) === null;
  const found = isOneFile ? await readSpec(spec, environment) : null;
  const file = found === null ? null : found.kind === 'path' ? found.path : modelPath(environment.dataDir, found.name);
  const here = file !== null && existsSync(file);
  const missing = found?.kind === 'path' ? 'which does not exist' : 'not fetched yet';
  const absence = found === null ? 'which is not a single file' : missing;
  const machine = (await engines.llama.machine()).machineIdentity();
  const entry = here ? await readMachine(context, await resolveNamed(context, spec)) : null;
  const named = threadsOf(flags, await readConfig(context)) ?? null;
  const threads = named ?? machine.threads;
  const used = (parallel: 'one' | 'many') =>
    (named === null ? entry?.[parallel] : undefined) ?? defaultShape(threads, parallel);
  const report = {
    slm: context.version,
    node: `${process.version}, ${process.platform}-${process.arch}`,
    processor: machine.processor,
    'threads to use': machine.threads,
    'llama.cpp': `node-llama-cpp ${machine.library}, ${await engineState()}`,
    model: here ? file : `${spec}, ${absence}`,
    'streams of records': shapeText(used('many')),
    'a single record': shapeText(used('one')),
    measured: named !== null ? 'not used: the settings name the number of threads' : (entry?.measuredAt ?? 'no'),
    models: environment.dataDir,
    settings: configDirectory(context),
    caches: cacheDirectory(context),
  };
  if (flags.json === true) context.stdout.write(jsonText(report));
  else for (const [name, value] of Object.entries(report)) context.print(`${name.padEnd(20)}${value}\n`);
}

async function engineState(): Promise<string> {
  const problem = await engines.llama.problem();
  return problem === null ? 'starts' : `does not start: ${problem}`;
}

/** Measures, says what was measured, and keeps what was best. */
export async function measure(context: CliContext, flags: DoctorFlags): Promise<void> {
  const model = await resolveNamed(context, await modelToFetch(context, flags, null));
  const { candidatesFor, chooseShapes, measureCandidates } = await engines.llama.speed();
  const machine = (await engines.llama.machine()).machineIdentity();
  const { threads } = machine;
  const candidates = candidatesFor(threads);
  context.notice(`measuring ${model.name} in ${candidates.length} settings; let nothing else run meanwhile`);
  const status = createStatusLine(context);
  const measured = await measureCandidates(model, candidates, {
    rounds: flags.rounds,
    now: context.now,
    onProgress: (done, total) => status.show(`${done} of ${total}`),
    signal: context.signal,
  }).finally(() => status.clear());
  const usual = { many: defaultShape(threads, 'many'), one: defaultShape(threads, 'one') };
  const choice = chooseShapes(measured, usual);
  await keepMachine(context, model, { ...choice, measuredAt: new Date().toISOString() });
  if (flags.json === true) {
    const settings = measured.map((each) => ({ ...each, median: round(median(each.tokensPerSecond)) }));
    context.stdout.write(jsonText({ ...machine, model: model.name, settings, defaults: usual, ...choice }));
  } else {
    context.print(measuredTable(measured, usual.many));
  }
  const kept = sameShape(choice.many, usual.many) && sameShape(choice.one, usual.one);
  context.notice(
    `${kept ? 'no setting is clearly faster than the defaults' : 'from now on'}: ${shapeText(choice.many)} for streams, ` +
      `${shapeText(choice.one)} for a single record; ${machinesFile(context)}`,
  );
}

/** Forgets what was measured. */
export async function forget(context: CliContext, flags: DoctorFlags): Promise<void> {
  const model = await resolveNamed(context, await modelToFetch(context, flags, null));
  const known = await forgetMachine(context, model);
  context.notice(known ? `${model.name} runs with the defaults again` : `nothing was measured for ${model.name} here`);
}

function measuredTable(measured: readonly MeasuredCandidate[], usual: Shape): string {
  const rows = measured.map(({ shape, arithmetic, tokensPerSecond, sameNumbers }) => [
    settingText(shape, arithmetic, usual),
    median(tokensPerSecond).toFixed(0),
    `${Math.min(...tokensPerSecond).toFixed(0)}–${Math.max(...tokensPerSecond).toFixed(0)}`,
    sameNumbers ? 'the same' : 'different: never chosen',
  ]);
  return tableText(['SETTING', 'TOKENS/S', 'SPREAD', 'NUMBERS'], rows, ['left', 'right', 'right', 'left']);
}

function settingText(shape: Shape, { batchSize, flashAttention }: MeasuredCandidate['arithmetic'], usual: Shape) {
  const parts = [shapeText(shape)];
  if (batchSize !== undefined) parts.push(`batches of ${batchSize}`);
  if (flashAttention !== undefined) parts.push(`flash attention ${flashAttention ? 'on' : 'off'}`);
  return parts.length === 1 && sameShape(shape, usual) ? `${parts[0]} (default)` : parts.join(', ');
}

/** `2 contexts with 1 thread each`. */
function shapeText({ slots, threadsPerSlot }: Shape): string {
  const threads = `${threadsPerSlot} thread${threadsPerSlot === 1 ? '' : 's'}`;
  return slots === 1 ? `1 context with ${threads}` : `${slots} contexts with ${threads} each`;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
