import { suggestion, usageError } from '../errors.js';
import type { Subject } from './paired-records.js';
import type { Comparison, System } from './types.js';

/** A side of a gate: `accuracy(A) - 0.02`, with what is left out filled in. */
interface Side {
  /** Null for a bare number. */
  readonly metric: string | null;
  /** Null for what was measured now, all of it. */
  readonly system: string | null;
  /** Added to the figure. */
  readonly plus: number;
}

/** A condition that figures must meet. */
export interface Gate {
  /** As it was written. */
  readonly text: string;
  readonly left: Side;
  readonly operator: '>=' | '>' | '<=' | '<';
  readonly right: Side;
}

export interface GateResult {
  readonly gate: string;
  /** The system that a gate without one was held to; null where it names its own. */
  readonly system: string | null;
  /** Null where a figure is undefined, and the gate failed. */
  readonly left: number | null;
  readonly right: number | null;
  readonly passed: boolean;
}

/** The names that a gate can use. */
export interface GateNames {
  readonly metrics: readonly string[];
  readonly systems: readonly string[];
}

const form = 'such as "accuracy >= 0.9", "A >= B - 0.02" or "macro-f1(A) > macro-f1(baseline)"';

/**
 * Reads `accuracy >= 0.9` (all that is measured now) or `A >= B - 0.02` (two systems, by the comparison's metric).
 * @throws SlmError where it is no such condition, or names what there is not
 */
export function parseGate(text: string, names: GateNames): Gate {
  const match = /^(.*?)\s*(>=|<=|>|<)\s*(.*)$/u.exec(text.trim());
  if (match === null) throw usageError(`--gate "${text}" has no >=, >, <= or <`, `Write a condition ${form}.`);
  const [, left = '', operator, right = ''] = match;
  const missing = left === '' ? 'before' : right === '' ? 'after' : null;
  if (missing !== null)
    throw usageError(`--gate "${text}" has nothing ${missing} the ${operator}`, `Write a condition ${form}.`);
  const gate = {
    text: text.trim(),
    left: sideOf(left, text, names),
    operator: operator as Gate['operator'],
    right: sideOf(right, text, names),
  };
  if (isNumber(gate.left) && isNumber(gate.right)) {
    throw usageError(`--gate "${text}" names no metric and no model`, `Write a condition ${form}.`);
  }
  return gate;
}

function isNumber({ metric, system }: Side): boolean {
  return metric === null && system === null;
}

function sideOf(side: string, gate: string, names: GateNames): Side {
  const text = side.trim();
  const number = Number(text);
  if (text !== '' && Number.isFinite(number)) return { metric: null, system: null, plus: number };
  // A sign with space around it, since names have hyphens.
  const [, term = text, sign = '+', amount = '0'] = /^(.+?)\s+([+-])\s+(\d*\.?\d+)$/u.exec(text) ?? [];
  const plus = Number(`${sign}${amount}`);
  if (names.systems.includes(term)) return { metric: null, system: term, plus };
  if (names.metrics.includes(term)) return { metric: term, system: null, plus };
  const [, metric, system] = /^([\w-]+)\((.+)\)$/u.exec(term) ?? [];
  if (metric !== undefined && system !== undefined) {
    if (!names.metrics.includes(metric)) throw unknown(`metric "${metric}"`, metric, gate, names.metrics);
    if (!names.systems.includes(system)) throw unknown(`model "${system}"`, system, gate, names.systems);
    return { metric, system, plus };
  }
  throw unknown(`model and no metric "${term}"`, term, gate, [...names.systems, ...names.metrics]);
}

function unknown(what: string, word: string, gate: string, known: readonly string[]) {
  return usageError(`--gate "${gate}": no ${what}.${suggestion(word, known)}`, `There are ${known.join(', ')}.`);
}

/**
 * Holds figures to a gate: one result, or where a side is a bare metric one for each system that was measured now. Where
 * systems are held to each other, that is on the records that all have; a number is for all that was measured now.
 */
export function checkGate(
  gate: Gate,
  { systems: paired, metric }: Comparison,
  subjects: readonly Subject[],
): GateResult[] {
  const { left, operator, right } = gate;
  const systems = isNumber(left) || isNumber(right) ? paired.map((system) => whole(system, subjects)) : paired;
  const forEach = [left, right].some((side) => side.metric !== null && side.system === null);
  const held = forEach ? systems.filter(({ file }) => file === null) : [null];
  return held.map((system) => {
    const sides = [left, right].map((side) => figureOf(side, systems, system, left.metric ?? right.metric ?? metric));
    const [one = null, other = null] = sides;
    return {
      gate: gate.text,
      system: system?.name ?? null,
      left: one,
      right: other,
      passed: one !== null && other !== null && holds[operator](one, other),
    };
  });
}

/** The system with the figures over all records that it was measured on now; an earlier report has the common ones. */
function whole(system: System, subjects: readonly Subject[]): System {
  const subject = subjects.find(({ name, file }) => name === system.name && file === null);
  return subject === undefined ? system : { ...system, figures: subject.report.figures };
}

/** 0.9 + 0.02 is a little more than 0.92 to a processor; nobody means that. */
const slack = 1e-12;

const holds: Readonly<Record<Gate['operator'], (left: number, right: number) => boolean>> = {
  '>=': (left, right) => left >= right - slack,
  '>': (left, right) => left > right + slack,
  '<=': (left, right) => left <= right + slack,
  '<': (left, right) => left < right - slack,
};

function figureOf(side: Side, systems: readonly System[], held: System | null, metric: string): number | null {
  if (isNumber(side)) return side.plus;
  const system = side.system === null ? held : systems.find(({ name }) => name === side.system);
  const value = system?.figures.find(({ name }) => name === (side.metric ?? metric))?.value ?? null;
  return value === null ? null : value + side.plus;
}
