import { jsonl, schemaLine } from '../starter-parts.js';

/** A task that finds spans. */
export function entities(name: string, schema: string) {
  return {
    'task.yaml': `${schemaLine(schema)}
name: ${name}
description: Medicines and doses in a note.
type: extract                   # spans of the text, copied, with their offsets

labels:
  medicine: The name of a medicine.
  dose: How much of it, and how often.

examples: examples.jsonl        # "entities" are copied from "text"; add start and end if it occurs there twice
fixtures: test.jsonl

# method: span-copying          # lists copied from the text: any label
# method: span-scoring          # names only: each candidate is scored

metrics:
  entity-f1: 0.1
`,
    'examples.jsonl': jsonl([
      {
        text: 'Continue ramipril 5 mg once a day.',
        entities: [
          { text: 'ramipril', label: 'medicine' },
          { text: '5 mg once a day', label: 'dose' },
        ],
      },
      {
        text: 'Started on metformin 500 mg twice daily with meals.',
        entities: [
          { text: 'metformin', label: 'medicine' },
          { text: '500 mg twice daily', label: 'dose' },
        ],
      },
      { text: 'No complaints today, wound clean and dry.', entities: [] },
      { text: 'She stopped taking aspirin last week.', entities: [{ text: 'aspirin', label: 'medicine' }] },
    ]),
    'test.jsonl': jsonl([
      {
        id: 't1',
        text: 'Reduce bisoprolol to 2.5 mg in the morning.',
        entities: [
          { text: 'bisoprolol', label: 'medicine' },
          { text: '2.5 mg in the morning', label: 'dose' },
        ],
      },
      { id: 't2', text: 'Blood pressure normal.', entities: [] },
    ]),
  };
}
