import { Command } from 'commander';
import type { CliContext } from './context.js';

interface Entry {
  /** The text after the name in the list of commands. */
  readonly usage: string;
  readonly description: string;
  readonly load: () => Promise<(context: CliContext) => Command>;
}

/** Every command by name. Only the one that is called is loaded. */
const commands: Readonly<Record<string, Entry>> = {
  run: {
    usage: '[options] <task> [files...]',
    description: 'run a task on files, or on standard input',
    load: async () => (await import('./run/command.js')).runCommand,
  },
  ask: {
    usage: '[options] [question] [files...]',
    description: 'answer a question from files and folders; answers are copied from them',
    load: async () => (await import('./ask/command.js')).askCommand,
  },
  index: {
    usage: '',
    description: 'index documents, so that later questions need not read them again',
    load: async () => (await import('./index/command.js')).indexCommand,
  },
  eval: {
    usage: '[options] <task>',
    description: 'measure a task on its fixtures, or on labelled data',
    load: async () => (await import('./eval/command.js')).evalCommand,
  },
  compare: {
    usage: '[options] <task>',
    description: 'compare models on a task: the same as eval with several models, -m A,B',
    load: async () => (await import('./eval/command.js')).compareCommand,
  },
  tune: {
    usage: '[options] <task>',
    description: 'improve a task with labelled examples, without changing the model',
    load: async () => (await import('./tune/command.js')).tuneCommand,
  },
  cascade: {
    usage: '[options] <task>',
    description: 'choose, on labelled data, how sure a small model must be to answer; a larger model answers the rest',
    load: async () => (await import('./eval/cascade.js')).cascadeCommand,
  },
  serve: {
    usage: '[options] [tasks...]',
    description: 'answer requests over HTTP, for programs and for people with a browser',
    load: async () => (await import('./serve/serve.js')).serveCommand,
  },
  mcp: {
    usage: '[options] [tasks...]',
    description: 'offer tasks as tools to assistants and agents, by the Model Context Protocol',
    load: async () => (await import('./serve/mcp.js')).mcpCommand,
  },
  warm: {
    usage: '[options] <task>',
    description: 'keep a task and its model in memory, so that `slm run` starts at once',
    load: async () => (await import('./warm/warm.js')).warmCommand,
  },
  ps: {
    usage: '[options]',
    description: 'list the tasks that `slm warm` keeps in memory',
    load: async () => (await import('./warm/ps.js')).psCommand,
  },
  stop: {
    usage: '[options] [tasks...]',
    description: 'stop processes of `slm warm`; runs that use them continue without them',
    load: async () => (await import('./warm/stop.js')).stopCommand,
  },
  tasks: {
    usage: '',
    description: 'list, show, check and create tasks',
    load: async () => (await import('./tasks/command.js')).tasksCommand,
  },
  models: {
    usage: '',
    description: 'list, fetch, check and remove models',
    load: async () => (await import('./models/command.js')).modelsCommand,
  },
  doctor: {
    usage: '[options]',
    description: 'show what slm finds on this machine, and measure the fastest settings',
    load: async () => (await import('./doctor/command.js')).doctorCommand,
  },
};

/** The commands for these arguments: the ones that they name, whole, and the others as the list shows them. */
export async function commandsFor(args: readonly string[], context: CliContext): Promise<Command[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, entry]) =>
      args.includes(name) ? (await entry.load())(context) : listed(name, entry),
    ),
  );
}

function listed(name: string, { usage, description }: Entry): Command {
  const command = new Command(name).description(description);
  return usage === '' ? command : command.arguments(usage);
}
