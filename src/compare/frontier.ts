import type { System } from './types.js';

/** Names of the systems that no other one beats in quality at the same cost or less: the Pareto frontier. */
export function frontierOf(systems: readonly Omit<System, 'onFrontier'>[], metric: string): string[] {
  const points = systems.flatMap(({ name, figures, cost }) => {
    const figure = figures.find((one) => one.name === metric);
    if (figure === undefined || figure.value === null) return [];
    return [
      { name, quality: figure.better === 'higher' ? figure.value : -figure.value, cost: cost.secondsPerThousand },
    ];
  });
  return points
    .filter(
      (point) =>
        !points.some(
          (other) =>
            other.quality >= point.quality &&
            other.cost <= point.cost &&
            (other.quality > point.quality || other.cost < point.cost),
        ),
    )
    .map(({ name }) => name);
}
