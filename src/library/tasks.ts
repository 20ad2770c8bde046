import { profileContext } from '../app/surroundings.js';
import { type TaskCard, taskCards } from '../app/tasks/task-cards.js';
import { messageOf } from '../errors.js';
import { listTasks as placesOf } from '../profile/paths.js';
import { checkOptions } from './check-options.js';
import { type PlaceOptions, placeSchema, surroundingsOf } from './surroundings.js';

/** A task that can be opened by its name; `problem` says why one cannot. */
export type ListedTask =
  | (TaskCard & { readonly file: string; readonly from: string })
  | { readonly name: string; readonly file: string; readonly from: string; readonly problem: string };

/** The tasks of the working folder, of the user and of the program, in the order in which names are looked up. */
export async function listTasks(options: PlaceOptions = {}): Promise<ListedTask[]> {
  const surroundings = surroundingsOf(checkOptions('listTasks', placeSchema, options));
  const cardOf = taskCards(surroundings);
  const listed: ListedTask[] = [];
  for (const { name, path: file, title: from } of placesOf(profileContext(surroundings).folders)) {
    try {
      listed.push({ ...(await cardOf(file)), file, from });
    } catch (error) {
      listed.push({ name, file, from, problem: messageOf(error) });
    }
  }
  return listed;
}
