import { type Command, Option } from 'commander';
import { readers } from '../records/index.js';
import { labelMap, shared } from './options.js';

const gold = {
  dataFormat: () =>
    new Option('--data-format <name>', 'how to read it, instead of by the suffix').choices(
      Object.values(readers)
        .filter((reader) => reader.labelled)
        .map((reader) => reader.name),
    ),
  labelField: () => new Option('--label-field <name>', 'field or column of the label'),
  labelMap: () =>
    new Option(
      '--label-map <pairs>',
      'names of labels in the data: 0=negative,1=positive; nothing after "=" drops an entity',
    ).argParser(labelMap),
} as const;

/** Adds the options for how labelled data is read, the same wherever labelled data is read. */
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
