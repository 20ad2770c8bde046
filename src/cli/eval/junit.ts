import type { Evaluation } from '../../app/evaluating/evaluate-task.js';
import type { GoalResult, RecordResult, Report } from '../../evaluate/report.js';
import { taskTypes } from '../../task-types/index.js';
import { html, type Markup } from '../page/markup.js';

/**
 * The results in the XML of JUnit, as continuous integration shows them: a test case for every goal, gate and record.
 * A goal or gate that is missed is a failure, a record that could not be processed an error. A record with a wrong
 * result is neither, since goals and gates say how many of those there may be; its case tells what was said.
 */
export function junitXml({ profile, reports, subjects, gates }: Evaluation): string {
  const suites = [
    ...reports.map((report, at) => modelSuite(profile.name, subjects[at]?.name ?? report.model.name, report)),
    ...(gates.length === 0
      ? []
      : [
          suite(
            `${profile.name}: gates`,
            0,
            gates.map(({ gate, system, left, right, passed }) => ({
              name: system === null ? gate : `${gate} for ${system}`,
              seconds: 0,
              failure: passed ? null : `${left ?? 'undefined'} and ${right ?? 'undefined'}`,
            })),
          ),
        ]),
  ];
  return html`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="slm eval ${profile.name}">
${suites}</testsuites>
`.markup;
}

interface Case {
  readonly name: string;
  readonly seconds: number;
  readonly failure?: string | null;
  readonly error?: string | undefined;
  readonly output?: string | null;
}

function modelSuite(task: string, model: string, report: Report): Markup {
  const goals = report.goals.map((goal): Case => {
    const { value, passed } = goal;
    return { name: goalName(goal), seconds: 0, failure: passed ? null : `found ${value ?? 'undefined'}` };
  });
  const golds = new Map(report.mistakes.map(({ place, id, gold }) => [keyOf({ place, id }), gold]));
  return suite(`${task} on ${model}`, report.speed.seconds, [
    ...goals,
    ...report.records.map((record) => recordCase(report.type, golds, record)),
  ]);
}

function goalName({ name, min, max }: GoalResult): string {
  const bounds = [min === undefined ? [] : [`at least ${min}`], max === undefined ? [] : [`at most ${max}`]];
  return `${name} ${bounds.flat().join(' and ')}`;
}

function keyOf({ place, id }: Pick<RecordResult, 'place' | 'id'>): string {
  return JSON.stringify([place, id]);
}

function recordCase(
  type: Report['type'],
  golds: ReadonlyMap<string, string>,
  { id, place, output, error, correct, ms }: RecordResult,
): Case {
  const name = id === place ? place : `${id} (${place})`;
  if (output === null) return { name, seconds: ms / 1000, error: error ?? 'failed' };
  const gold = golds.get(keyOf({ place, id })) ?? '';
  const said = taskTypes[type].describe(output);
  return { name, seconds: ms / 1000, output: correct ? null : `wrong: gold ${gold}, predicted ${said}` };
}

function suite(name: string, seconds: number, cases: readonly Case[]): Markup {
  const count = (has: (one: Case) => boolean) => cases.filter(has).length;
  const failures = count(({ failure }) => failure != null);
  const errors = count(({ error }) => error !== undefined);
  return html`<testsuite name="${name}" tests="${cases.length}" failures="${failures}" errors="${errors}" time="${seconds.toFixed(3)}">
${cases.map(
  (
    one,
  ) => html`<testcase classname="${name}" name="${one.name}" time="${one.seconds.toFixed(3)}">${one.failure == null ? null : html`<failure message="${one.failure}"/>`}${one.error === undefined ? null : html`<error message="${one.error}"/>`}${one.output == null ? null : html`<system-out>${one.output}</system-out>`}</testcase>
`,
)}</testsuite>
`;
}
