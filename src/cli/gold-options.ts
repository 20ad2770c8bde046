import { type Command, Option } from 'commander';
import { readers } from '../records/index.js';
import { labelMap, shared } from './options.js';

const gold = {
  dataFormat: () =>
    new Option('--data-format <name>', 'format of the data (default: by its suffix)').choices(
      Object.values(readers)
        .filter((reader) => reader.labelled)
        .map((reader) => reader.name),
    ),
  labelField: () => new Option('--label-field <name>', 'field or column of the label'),
  labelMap: () =>
    new Option(
      '--label-map <pairs>',
      'labels of the data and their names in the task: 0=negative,1=positive; "NAME=" drops entities with that label',
    ).argParser(labelMap),
} as const;

/** Adds the options for reading labelled data; every command that reads it has the same ones. */
export function readsLabelledData(command: Command): Command {
  return command
    .addOption(gold.dataFormat())
    .addOption(shared.field())
    .addOption(gold.labelField())
    .addOption(gold.labelMap())
    .addOption(shared.columns())
    .addOption(shared.delimiter())
    .addOption(shared.encoding())
    .addOption(shared.maxRecordSize())
    .addOption(shared.limit());
}
