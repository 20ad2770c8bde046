/** Gives the value of a token, by its place in the batch and in the text. */
type ReadValue = (...place: readonly number[]) => unknown;

/** The part of the library's context that is replaced. */
interface Decoding {
  _decodeTokens?: (tokens: object, read: ReadValue) => Promise<unknown>;
}

/**
 * Lets a call end with the error when its token cannot be sampled, such as when no token of the model continues what
 * the grammar allows. The library leaves that error to nobody: the call never settles, and Node ends.
 */
export function passOnSamplingErrors(context: object): void {
  const decoding = context as Decoding;
  const decode = decoding._decodeTokens;
  if (decode === undefined) return;
  decoding._decodeTokens = async (tokens, read) => {
    const errors: unknown[] = [];
    const values = await decode.call(context, tokens, (...place) => {
      const note = (error: unknown): undefined => {
        errors.push(error);
      };
      try {
        const value = read(...place);
        return value instanceof Promise ? value.catch(note) : value;
      } catch (error) {
        return note(error);
      }
    });
    if (errors.length > 0) throw errors[0];
    return values;
  };
}
