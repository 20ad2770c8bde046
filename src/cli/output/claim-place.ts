import { existsSync, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { nothing, type ResultPlace, type ResultSink } from '../../app/run/result-sink.js';
import { usageError } from '../../errors.js';
import type { Writer } from '../../formats/types.js';
import type { CliContext } from '../context.js';
import { closedOutput } from './closed-output.js';
import { openOutput } from './output.js';

export interface PlaceFlags {
  output?: string;
  resume?: string | true;
  restart?: boolean;
  retryFailed?: boolean;
}

/** The file that results go to; undefined for standard output. */
export function outputPath({ output, resume }: PlaceFlags): string | undefined {
  if (typeof resume !== 'string') return output === '-' ? undefined : output;
  if (output !== undefined && path.resolve(output) !== path.resolve(resume)) {
    throw usageError(
      `-o names "${output}", --resume names "${resume}"`,
      'Name the output once. If the second one is an input, put --resume at the end of the line.',
    );
  }
  return resume;
}

/**
 * Claims the place that the flags name.
 * @throws SlmError when it is taken, or holds something that would be lost
 */
export async function claimPlace(context: CliContext, flags: PlaceFlags): Promise<ResultPlace> {
  const named = outputPath(flags);
  const jobFlag = flags.retryFailed === true ? '--retry-failed' : flags.resume !== undefined ? '--resume' : null;
  if (jobFlag !== null && flags.restart === true)
    throw usageError(`--restart contradicts ${jobFlag}`, 'Leave one of them out.');
  if (flags.retryFailed === true && flags.resume !== undefined)
    throw usageError('--retry-failed contradicts --resume', 'Finish the job with --resume first, then retry.');
  if (named === undefined || !isFile(context, named)) {
    if (jobFlag !== null) {
      throw usageError(
        named === undefined ? `${jobFlag} needs an output file` : `${jobFlag} needs a file, and "${named}" is none`,
        'Name it with -o FILE.',
      );
    }
    const closed = named === undefined ? closedOutput() : null;
    if (closed !== null) throw closed;
    return async (_spec, writer) => streamSink(openOutput(named, context.stdout), writer);
  }
  // As the user wrote it, for messages, unless it is a link.
  const real = realFile(context, named);
  const file = real === path.resolve(context.cwd, named) ? named : real;
  // Loaded only here: a run that writes to standard output starts without it.
  const { claimJob, claimRetry } = await import('../../app/run/job-sink.js');
  if (flags.retryFailed === true) return claimRetry(context, file);
  return claimJob(context, file, flags.restart === true ? 'restart' : flags.resume === undefined ? 'new' : 'resume');
}

function isFile(context: CliContext, name: string): boolean {
  return statSync(path.resolve(context.cwd, name), { throwIfNoEntry: false })?.isFile() ?? true;
}

/** The file itself where the name is a link, also to a file that is yet to be made: the notes of a job stand beside it. */
function realFile(context: CliContext, name: string): string {
  let file = path.resolve(context.cwd, name);
  for (let links = 0; links < 40; links++) {
    if (existsSync(file)) return realpathSync(file);
    if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true) break;
    file = path.resolve(realpathSync(path.dirname(file)), readlinkSync(file));
  }
  return file;
}

function streamSink(output: ReturnType<typeof openOutput>, writer: Writer): ResultSink {
  let begun = false;
  return {
    before: nothing,
    select: (records) => records,
    async write(prediction, options) {
      await output.write((begun ? '' : writer.start(options)) + writer.prediction(prediction, options));
      begun = true;
    },
    async finish(options) {
      await output.write((begun ? '' : writer.start(options)) + writer.end(options));
      await output.close();
    },
    async stop(cause) {
      if (cause === 'interrupted') await output.close();
      return null;
    },
  };
}
