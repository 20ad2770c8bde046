/** A terminal that text is drawn on. */
type Screen = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'>;

/**
 * Gives a terminal that says its size is 0, as serial lines and some containers have it, the usual size: Ink would draw
 * a letter a line and empty the screen before each. A stream that is no terminal stays as it is.
 */
export function withKnownSize<T extends Screen>(screen: T, columns: number): T {
  if (screen.isTTY !== true) return screen;
  screen.columns ||= columns;
  screen.rows ||= 24;
  return screen;
}
