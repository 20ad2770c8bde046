import stringWidth from 'string-width';

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Ends of its interval. */
  readonly lowest: number;
  readonly highest: number;
  /** Empty for a point without one. */
  readonly text: string;
}

/** The beginning or the end of a text, on its baseline. */
export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'end';
}

/** Of a letter at a font size of 12. */
const letter = { width: 7, above: 9, below: 3 };
/** Between a point and its text. */
const gap = { x: 5, y: 7 };

/**
 * Places for texts beside their points, inside `area`, where they cover neither each other nor a point: above or below,
 * on the right or the left. Null for a text that has no such place.
 */
export function placeLabels(points: readonly LabelledPoint[], area: Box): (LabelPlace | null)[] {
  const taken = points.flatMap(boxesOf);
  return points.map((point) => {
    if (point.text === '') return null;
    const free = placesOf(point).find((place) => {
      const box = boxOf(place, point.text);
      return isInside(box, area) && !taken.some((other) => overlap(box, other));
    });
    if (free === undefined) return null;
    taken.push(boxOf(free, point.text));
    return free;
  });
}

/** Above its point first, where no line to the next point crosses it. */
function placesOf({ x, y, radius }: LabelledPoint): LabelPlace[] {
  const [above, below] = [y - gap.y, y + gap.y + letter.above];
  return [above, below].flatMap((line): LabelPlace[] => [
    { x: x + radius + gap.x, y: line, anchor: 'start' },
    { x: x - radius - gap.x, y: line, anchor: 'end' },
  ]);
}

function boxOf({ x, y, anchor }: LabelPlace, text: string): Box {
  const width = textWidth(text);
  const left = anchor === 'start' ? x : x - width;
  return { left, right: left + width, top: y - letter.above, bottom: y + letter.below };
}

/** The point itself, and the line of its interval. */
function boxesOf({ x, y, radius, lowest, highest }: LabelledPoint): Box[] {
  return [
    { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius },
    { left: x - 1, right: x + 1, top: highest, bottom: lowest },
  ];
}

export function textWidth(text: string): number {
  return stringWidth(text) * letter.width;
}

function isInside(box: Box, area: Box): boolean {
  return box.left >= area.left && box.right <= area.right && box.top >= area.top && box.bottom <= area.bottom;
}

function overlap(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
