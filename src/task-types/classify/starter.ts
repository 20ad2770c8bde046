import { jsonl, schemaLine } from '../starter-parts.js';

/** A task with one label a text. */
export function oneLabel(name: string, schema: string) {
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

/** A task with any number of labels a text. */
export function severalLabels(name: string, schema: string) {
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
