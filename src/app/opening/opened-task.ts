import type { Task } from '../../predict.js';

/** A task on a model, and the profile as it was tuned for that model. */
export interface OpenedTask {
  readonly task: Task;
  /**
   * To be called after a result was computed and before it is kept.
   * @throws SlmError of kind `model` when a file that it may have come from was written to since it was loaded
   */
  checkModel(): void;
  /** Frees the models. */
  close(): Promise<void>;
}

/** Frees the models also where the task cannot be opened on them. */
export async function openedTask(
  open: () => Promise<Task>,
  { checkModel, close }: Pick<OpenedTask, 'checkModel' | 'close'>,
): Promise<OpenedTask> {
  try {
    return { task: await open(), checkModel, close };
  } catch (error) {
    await close();
    throw error;
  }
}
