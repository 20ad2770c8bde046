import { isInline, isSkipped, isStructure } from './markup-elements.js';

/** Elements inside each other, up to which a page is read as it is. */
const usualDepth = 200;
/** Lists and tables inside each other, beyond which the stack may not suffice. */
const mostStructures = 500;
/** The parser's time grows with the square of the depth; this takes seconds. */
const mostElements = 50_000;

/** Attributes that the text depends on. */
const kept = ['alt', 'start', 'type'];

interface OpenElement {
  readonly name: string;
  /** Whether it has to stay inside the one around it. */
  readonly isStructure: boolean;
  /** Whether its start tag is written and its end tag is not. */
  isOpen: boolean;
}

/**
 * Markup with the same text in which nothing is nested deep, since the library that reads it goes down by recursion.
 * Old pages do not close their `<font>`, and each answer to a mail quotes the one before it. Where a page is nested
 * deep, elements within a line are left out, and a block within another one is written beside it.
 * @throws Error where lists or tables alone are nested too deep
 */
export async function withoutDeepNesting(markup: string): Promise<string> {
  const { Parser } = await import('htmlparser2');
  let depth = 0;
  let deepest = 0;
  const measure = new Parser({
    onopentagname() {
      depth++;
      deepest = Math.max(deepest, depth);
      if (depth > mostElements) throw tooDeep(mostElements);
    },
    onclosetag() {
      depth--;
    },
  });
  measure.end(markup);
  if (deepest <= usualDepth) return markup;
  const flat = new FlatMarkup();
  new Parser(flat).end(markup);
  return flat.parts.join('');
}

function tooDeep(most: number): Error {
  return new Error(`its elements are nested more than ${most.toLocaleString('en')} deep`);
}

/** Writes flat what a parser reports. */
class FlatMarkup {
  readonly parts: string[] = [];
  /** Those that are written; null for one that is left out, though its text stays. */
  readonly #elements: (OpenElement | null)[] = [];
  /** The same without null. */
  readonly #written: OpenElement[] = [];
  #skippedDepth = 0;
  #structures = 0;

  onopentag(name: string, attribs: Readonly<Record<string, string>>): void {
    if (this.#skippedDepth > 0 || isSkipped({ name, attribs })) {
      this.#skippedDepth++;
      return;
    }
    if (isVoid(name)) {
      this.#open();
      this.parts.push(startTag(name, attribs));
      this.#elements.push(null);
    } else if (isInline({ name })) {
      this.#elements.push(null);
    } else {
      const element = { name, isStructure: isStructure({ name }), isOpen: false };
      const around = this.#written.at(-1);
      if (element.isStructure) {
        if (++this.#structures > mostStructures) throw tooDeep(mostStructures);
        this.#open();
        this.parts.push(startTag(name, attribs));
        element.isOpen = true;
      } else if (around !== undefined && !around.isStructure) this.#close(around);
      this.#elements.push(element);
      this.#written.push(element);
    }
  }

  ontext(text: string): void {
    if (this.#skippedDepth > 0) return;
    if (text.trim() !== '') this.#open();
    this.parts.push(escaped(text));
  }

  onclosetag(): void {
    if (this.#skippedDepth > 0) {
      this.#skippedDepth--;
      return;
    }
    const element = this.#elements.pop();
    if (element === undefined || element === null) return;
    this.#close(element);
    this.#written.pop();
    if (element.isStructure) this.#structures--;
  }

  /** Writes the start tag of the block that the next text stands in. */
  #open(): void {
    const around = this.#written.at(-1);
    if (around === undefined || around.isOpen) return;
    this.parts.push(startTag(around.name, {}));
    around.isOpen = true;
  }

  #close(element: OpenElement): void {
    if (element.isOpen) this.parts.push(`</${element.name}>`);
    element.isOpen = false;
  }
}

function isVoid(name: string): boolean {
  return name === 'br' || name === 'hr' || name === 'img' || name === 'wbr';
}

function startTag(name: string, attribs: Readonly<Record<string, string>>): string {
  const written = kept.flatMap((key) => (attribs[key] === undefined ? [] : [` ${key}="${escaped(attribs[key])}"`]));
  return `<${name}${written.join('')}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
