import type { Command } from 'commander';
import { suggestion, usageError } from '../errors.js';

/**
 * Hook for `preSubcommand` of a command that has a default: a word that names no command is not an argument of the default.
 * @throws SlmError of kind `usage`
 */
export function refuseUnknownCommand(command: Command): void {
  const [word] = command.args;
  const names = command.commands.map((each) => each.name());
  if (word === undefined || word.startsWith('-') || names.includes(word)) return;
  const path = `${command.parent?.name() ?? ''} ${command.name()}`.trim();
  throw usageError(`no command "${path} ${word}".${suggestion(word, names)}`, `There are ${names.join(', ')}.`);
}
