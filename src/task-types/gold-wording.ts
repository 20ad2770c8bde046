/** How a message says to its reader, who writes options of some kind, how labelled data is read. */
export interface GoldWording {
  /** An option by its name in the program, such as `labelField`, and a value of it. */
  option(name: string, value?: string): string;
  /** Options that go together. */
  both(one: string, other: string): string;
  /** A sentence about the place for another name of a label. */
  otherName(raw: string): string;
}

/** For the command line. */
export const asFlags: GoldWording = {
  option: (name, value) => {
    const flag = `--${name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === undefined ? flag : `${flag} ${value}`;
  },
  both: (one, other) => `${one} ${other}`,
  otherName: (raw) => `Other names are mapped with --label-map ${JSON.stringify(raw)}=NAME`,
};

/** For the author of a task. */
export const asTaskKeys: GoldWording = {
  option: (name) => `"${name === 'field' ? 'input' : name}" in the task.yaml`,
  both: (one, other) => `${one} and ${other}`,
  otherName: () => 'Other names of a label are its "aliases" in the task.yaml',
};
