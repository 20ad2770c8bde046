import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Help } from 'commander';
import { commandsFor } from '../../src/cli/commands.js';
import type { CliContext } from '../../src/cli/context.js';

describe('the list of commands', () => {
  it('says of each command what the command says of itself', async () => {
    const context = {} as CliContext;
    const listed = await commandsFor([], context);
    const names = listed.map((command) => command.name());
    const loaded = await commandsFor(names, context);
    const help = new Help();
    const line = (command: (typeof listed)[number]) =>
      `${help.subcommandTerm(command)}: ${help.subcommandDescription(command)}`;
    assert.deepEqual(listed.map(line), loaded.map(line));
    assert.ok(names.includes('run'));
  });
});
