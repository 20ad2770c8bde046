import { jsonl, schemaLine } from '../starter-parts.js';

/** A task that writes JSON. */
export function json(name: string, schema: string) {
  return {
    'task.yaml': `${schemaLine(schema)}
name: ${name}
description: A meeting request as structured data.
type: generate                  # JSON that always fits the schema below (or text that fits a "grammar:")

schema:
  type: object
  required: [what, day]
  properties:
    what: { type: string, maxLength: 60 }
    day: { enum: [monday, tuesday, wednesday, thursday, friday, unknown] }

prompt:
  instruction: Write what the message asks for as JSON.

examples: examples.jsonl
fixtures: test.jsonl

metrics:
  valid: 1
`,
    'examples.jsonl': jsonl([
      { text: 'Can we talk about the budget on Tuesday?', output: { what: 'the budget', day: 'tuesday' } },
      { text: 'Friday lunch with the new people?', output: { what: 'lunch with the new people', day: 'friday' } },
      { text: 'We should look at the contract some time.', output: { what: 'look at the contract', day: 'unknown' } },
    ]),
    'test.jsonl': jsonl([
      { id: 't1', text: 'Let us plan the move on Thursday.', output: { what: 'plan the move', day: 'thursday' } },
    ]),
  };
}
