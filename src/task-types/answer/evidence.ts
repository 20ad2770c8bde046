import { onceEach } from '../../lazy.js';
import { joinSentences } from '../../scripts.js';
import { offsetsFromUtf16 } from '../../spans.js';
import type { AnswerOutput, Document, Evidence, InputRecord, Span } from '../../types.js';

const ofRecord = 'record/';

/** The field of a record as a document. */
export function ownDocument(field: string, text: string): Document {
  return { id: `${ofRecord}${field}`, source: field, text };
}

/**
 * Where an answer stands.
 * @param sentence the one around it, and where that starts in the document
 */
export function evidenceAt(
  document: Document,
  { start, end }: Span,
  sentence: { readonly text: string; readonly start: number },
): Evidence {
  const { codepoint, byte } = positionsIn(document);
  return {
    document: document.id,
    source: document.source,
    line: lineOf(document.text, start),
    ...pageOf(document, start),
    span: { start, end },
    start: { utf16: start, codepoint: codepoint(start), byte: byte(start) },
    sentence: sentence.text,
    sentenceStart: sentence.start,
  };
}

const positionsIn = onceEach(({ text }: Document) => ({
  codepoint: offsetsFromUtf16(text, 'codepoint'),
  byte: offsetsFromUtf16(text, 'byte'),
}));

/** The line of an offset, from 1 on. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** The page of an offset, from 1 on. */
function pageOf({ pages }: Document, offset: number): { page?: number } {
  return pages === undefined ? {} : { page: Math.max(1, pages.findLastIndex((start) => start <= offset) + 1) };
}

/** Whether an answer stands where it says. */
export function standsThere(
  { answer, evidence, isVerdict, sentences }: AnswerOutput,
  { fields }: InputRecord,
  documents: readonly Document[],
): boolean {
  if (answer === null) return true;
  if (evidence === undefined) return false;
  const copied = ({ document: id, span }: Evidence): string | null => {
    const text = id.startsWith(ofRecord)
      ? fields[id.slice(ofRecord.length)]
      : documents.find((document) => document.id === id)?.text;
    return typeof text === 'string' ? text.slice(span.start, span.end) : null;
  };
  if (sentences === undefined) return copied(evidence) === (isVerdict === true ? evidence.sentence : answer);
  return (
    sentences.every((sentence) => copied(sentence.evidence) === sentence.answer) &&
    joinSentences(sentences.map((sentence) => sentence.answer)) === answer
  );
}
