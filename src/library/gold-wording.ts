import type { GoldWording } from '../task-types/gold-wording.js';

/** Messages about labelled data for a program, whose options are called as in `DataOptions`. */
export const asOptions: GoldWording = {
  option: (name, value) => `the option "${name}"${value === undefined ? '' : `: ${value}`}`,
  both: (one, other) => `${one} and ${other}`,
  otherName: (raw) => `Other names are mapped with the option "labelMap": { ${JSON.stringify(raw)}: NAME }`,
};
