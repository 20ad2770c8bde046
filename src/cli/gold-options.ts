import { Option } from 'commander';
import { readers } from '../records/index.js';
import { labelMap } from './options.js';

/** The options for how labelled data is read, the same wherever labelled data is read. */
export const gold = {
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
