/** Fields that the results of all tasks can have. */
export interface Answered {
  /** In a cascade, the model that gave the result. */
  model?: string;
}

/** The results of a task that gives one label of a set. */
export interface Classification extends Answered {
  /** Null where the best label is below the threshold. */
  label: string | null;
  /** Set where no label was given because of the threshold. */
  abstained?: true;
  /** Probability of the best label, six decimals. */
  score: number;
  /** Probability of each label. */
  scores: Record<string, number>;
}

/** The results of a task with `multiLabel: true`. */
export interface MultiClassification extends Answered {
  /** Any number of labels. */
  labels: string[];
  score: number;
  scores: Record<string, number>;
}

/** A span of the text, copied. */
export interface ExtractedEntity {
  text: string;
  label: string;
  /** Offsets `[start, end)`, in code points unless `offsets` says otherwise. */
  start: number;
  end: number;
  score?: number;
}

/** The results of a task that finds spans. */
export interface Extraction extends Answered {
  entities: ExtractedEntity[];
  /** Spans that a service has named and the text does not contain; left out where there are none. */
  ungrounded?: string[];
}

/** The results of a task that answers questions. */
export type Answer = Answered &
  (
    | {
        /** Copied from the document. */
        answer: string;
        /** Offsets `[start, end)` in the document, in code points unless `offsets` says otherwise. */
        start: number;
        end: number;
        /** The document: its path as it was named. */
        source: string;
        /** The line of the document, from 1. */
        line: number;
        /** The page of the document, from 1; left out where it has none. */
        page?: number;
        /** The sentence that has the answer; where the answer is whole sentences, the likeliest of them. */
        sentence: string;
        /** Where the answer is whole sentences: each of them, in the order of the document. */
        sentences?: { text: string; start: number; end: number; source: string; line: number; page?: number }[];
        score: number;
      }
    | { answer: null; score: number; reason?: string }
  );

/** The results of a task that generates text, or JSON by a schema. */
export interface Generation extends Answered {
  /** A string, or with a schema the value. */
  output: unknown;
  /** Where values with `x-source` stand in the text, by JSON pointer into the output. */
  sources?: Record<string, { text: string; start: number; end: number }>;
}

/** The result of any task. */
export type Result = Classification | MultiClassification | Extraction | Answer | Generation;

/**
 * Names of tasks, and what they give. A program can add its own:
 *
 *     declare module 'slm-tasks' {
 *       interface TaskResults { tickets: Classification }
 *     }
 */
export interface TaskResults {
  sentiment: Classification;
  ner: Extraction;
  qa: Answer;
}

/** The result of the task with that name. */
export type ResultOf<Name extends string> = Name extends keyof TaskResults ? TaskResults[Name] : Result;
