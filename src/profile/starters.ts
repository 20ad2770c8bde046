import type { TaskType } from '../types.js';

/**
 * The files of a new task, by name: it runs as it is.
 * @param schema where an editor finds the JSON Schema of a task.yaml, from the task's folder
 */
export type Starter = (name: string, schema: string) => Readonly<Record<string, string>>;

/** What `slm tasks init --type` offers. */
export const starters = {
  classify,
  'multi-label': multiLabel,
  extract,
  answer,
  generate,
} satisfies Record<string, Starter> & Record<TaskType, Starter>;

function schemaLine(schema: string): string {
  return `# yaml-language-server: $schema=${schema}`;
}

function jsonl(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function classify(name: string, schema: string) {
  return {
    'task.yaml': `${schemaLine(schema)}
name: ${name}
description: Which team a customer's message is for.   # what the task does, in one sentence
type: classify                  # one label a text

labels:                         # name: what it means
  billing: Invoices, payments, refunds and prices.
  technical: Something does not work.
  other: Everything else.

# The prompt has good defaults. To see the one in use: slm run ${name} --dry-run -t "some text"
# prompt:
#   base: |                     # for base models: ends where the label follows
#     Message: {{ text }}
#     Team:

examples: examples.jsonl        # shown to the model, and used to calibrate it; 50 or more make it good
fixtures: test.jsonl            # for \`slm eval ${name}\` alone

options:
  shots: 6                      # how many examples stand in the prompt

threshold:
  min: 0                        # below this probability …
  below: abstain                # … there is no label, or the one named here

metrics:                        # \`slm eval\` exits with 100 below these
  accuracy: 0.5
`,
    'examples.jsonl': jsonl([
      { text: 'I was charged twice for March, please pay one back.', label: 'billing' },
      { text: 'The app closes as soon as I open the camera.', label: 'technical' },
      { text: 'Do you have an office in Lyon?', label: 'other' },
      { text: 'My invoice shows the wrong company name.', label: 'billing' },
      { text: 'Since the update I cannot log in any more.', label: 'technical' },
      { text: 'Thank you for the quick help yesterday!', label: 'other' },
    ]),
    'test.jsonl': jsonl([
      { id: 't1', text: 'Why has my subscription become more expensive?', label: 'billing' },
      { id: 't2', text: 'The screen stays black after I press start.', label: 'technical' },
    ]),
  };
}

function multiLabel(name: string, schema: string) {
  return {
    'task.yaml': `${schemaLine(schema)}
name: ${name}
description: Which topics a message touches.
type: classify
multiLabel: true                # any number of labels a text: one decision each

labels:
  delivery: When and how something arrives.
  price: What something costs.
  quality: How good the product is.

examples: examples.jsonl
fixtures: test.jsonl

threshold: 0.5                  # labels at or above this probability are given

metrics:
  micro-f1: 0.2
`,
    'examples.jsonl': jsonl([
      { text: 'It came two days late and the box was open.', labels: ['delivery'] },
      { text: 'Great sound, and cheaper than in the shop.', labels: ['quality', 'price'] },
      { text: 'I only wanted to say hello.', labels: [] },
      { text: 'The seam split on the first day.', labels: ['quality'] },
      { text: 'Shipping costs more than the mug itself.', labels: ['delivery', 'price'] },
      { text: 'Is the offer still valid on Sunday?', labels: ['price'] },
    ]),
    'test.jsonl': jsonl([
      { id: 't1', text: 'Arrived the next morning, but it scratches easily.', labels: ['delivery', 'quality'] },
      { id: 't2', text: 'Far too expensive for what it is.', labels: ['price'] },
    ]),
  };
}

function extract(name: string, schema: string) {
  return {
    'task.yaml': `${schemaLine(schema)}
name: ${name}
description: Medicines and doses in a note.
type: extract                   # spans of the text, copied, with their offsets

labels:
  medicine: The name of a medicine.
  dose: How much of it, and how often.

examples: examples.jsonl        # "entities" are copied from "text"; add start and end where one stands there twice
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

function answer(name: string, schema: string) {
  return {
    'task.yaml': `${schemaLine(schema)}
name: ${name}
description: Answers from our own documents, or says that they have none.
type: answer                    # copied from a document, with file and line

documents: documents            # a folder or files; or give others with --context

examples: examples.jsonl        # with "context", or "source" naming a document; "answers": [] has no answer
fixtures: test.jsonl

threshold: 0.5                  # below this probability there is no answer

metrics:
  exact-match: 0.1
`,
    'documents/opening-hours.md': `# The library

The library is open from nine to six on weekdays and from ten to two on Saturdays. It is closed on Sundays.

# Borrowing

A book may be kept for four weeks. Late books cost 20 cents a day.
`,
    'examples.jsonl': jsonl([
      {
        question: 'Who painted the ceiling?',
        context: 'The hall was built in 1702. Its ceiling was painted by Anna Keller.',
        answers: ['Anna Keller'],
      },
      {
        question: 'How long is the tunnel?',
        context: 'The tunnel, 3 km long, was opened in 1954 by the mayor.',
        answers: ['3 km'],
      },
      {
        question: 'When was the bridge closed?',
        context: 'The bridge is 90 years old. It is painted green every spring.',
        answers: [],
      },
    ]),
    'test.jsonl': jsonl([
      { id: 't1', question: 'How long may I keep a book?', source: 'opening-hours.md', answers: ['four weeks'] },
      { id: 't2', question: 'What does a library card cost?', source: 'opening-hours.md', answers: [] },
    ]),
  };
}

function generate(name: string, schema: string) {
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
