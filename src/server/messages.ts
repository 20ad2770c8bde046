import { stringifyJson } from '../json.js';
import { HttpError } from './errors.js';
import { z } from './routes.js';

/** A piece of a message: text under one of its names, JSON, or something that is not read here. */
const part = z.object({
  type: z.string(),
  text: z.string().optional(),
  refusal: z.string().optional(),
  data: z.unknown().optional(),
});
/** Text, or pieces that are read one after the other. */
export const parts = z.union([z.string(), z.array(part)]);
/** A message of somebody, or a call of a function with what it gave. */
export const message = z.object({
  role: z.string().optional(),
  type: z.string().optional(),
  content: parts.nullish(),
  arguments: z.string().optional(),
  input: z.string().optional(),
  output: parts.optional(),
});
type Message = z.infer<typeof message>;

/** The text of pieces. @throws HttpError for images and other pieces that the models here cannot read */
export function textOfParts(given: z.infer<typeof parts>): string {
  if (typeof given === 'string') return given;
  return given
    .map(({ type, text, refusal, data }) => {
      if (text !== undefined) return text;
      if (refusal !== undefined) return refusal;
      if (type === 'input_json' && data !== undefined) return stringifyJson(data);
      throw new HttpError(400, 'invalid_request_error', `input of type "${type}" is not read here; give text`);
    })
    .join('\n');
}

/** Returns the text of a message. */
export function textOfMessage(given: Message): string {
  return textOfParts(given.content ?? given.arguments ?? given.input ?? given.output ?? '');
}

/** Returns the text of all messages, one line each, with the role of the speaker where there is more than one. */
export function textOfMessages(given: readonly Message[]): string {
  const speakers = given.map(({ role, type }) => role ?? type ?? '');
  const several = new Set(speakers).size > 1;
  return given.map((each, i) => (several ? `${speakers[i]}: ${textOfMessage(each)}` : textOfMessage(each))).join('\n');
}
