/** Colours and weights of a terminal; all do nothing where there are none. */
export type Paint = Readonly<
  Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan', (text: string) => string>
>;

/** The means by which a task type shows its results to people. Widths are in columns. */
export interface Terminal {
  readonly width: number;
  readonly paint: Paint;
  /** One line without anything that acts on a terminal. */
  visible(text: string): string;
  /** The same with line ends kept. */
  harmless(text: string): string;
  /** The text in at most `width` columns, with `…` where it was cut. */
  clip(text: string, width: number): string;
  pad(text: string, width: number): string;
  columns(text: string): number;
  bar(score: number): string;
  percent(score: number): string;
  /** The colour of a label: it depends on its place among the task's labels only. */
  labelPaint(label: string, labels: readonly string[]): (text: string) => string;
}
