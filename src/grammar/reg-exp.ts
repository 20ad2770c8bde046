/**
 * A pattern of a schema: ECMA-262 with the `u` flag. Many that people write are legal only without it
 * (`[\w\-\.\_]`), and are read so. Throws what RegExp throws when it is legal in neither way.
 */
export function regExpOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    try {
      return new RegExp(pattern);
    } catch {
      throw error;
    }
  }
}
