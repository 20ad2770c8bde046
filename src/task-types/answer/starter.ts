import { jsonl, schemaLine } from '../starter-parts.js';

/** A task that answers from documents. */
export function answers(name: string, schema: string) {
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
