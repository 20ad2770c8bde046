/** The reports of the models up to the first that fails, and why it did: what was measured is not thrown away. */
export async function measureEach<T>(
  models: readonly string[],
  measureOne: (model: string) => Promise<T>,
  interrupted: () => boolean,
): Promise<{ reports: T[]; problem: unknown }> {
  const reports: T[] = [];
  for (const model of models) {
    try {
      reports.push(await measureOne(model));
    } catch (problem) {
      if (reports.length === 0) throw problem;
      return { reports, problem };
    }
    if (interrupted()) break;
  }
  return { reports, problem: null };
}
