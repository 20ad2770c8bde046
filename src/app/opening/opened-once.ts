import type { Task } from '../../predict.js';

/** A task that is opened when the first record needs it. */
export interface OpenedOnce {
  open(): Promise<Task>;
  /** Null until a record has asked for it. */
  opened(): Task | null;
}

/** Opens at the first call; all later ones get the same task. */
export function openedOnce(open: () => Promise<Task>): OpenedOnce {
  let opening: Promise<Task> | null = null;
  let opened: Task | null = null;
  return {
    open: async () => {
      opening ??= open();
      opened = await opening;
      return opened;
    },
    opened: () => opened,
  };
}
