/** What somebody does at a line of input: writes some text, or presses a key that means something there. */
export type Key = { readonly text: string } | 'enter' | 'erase' | 'end' | 'interrupt';

const esc = '\u001b';

/** Keys that send one character. Backspace is one or the other of two, by the terminal. */
const pressed: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\b': 'erase',
  '\u007f': 'erase',
  '\u0003': 'interrupt',
  '\u0004': 'end',
};

/**
 * Escape sequences of ECMA-48 (5.3, 5.4, 5.6), as keys and pasted text have them: CSI with its parameters, which the
 * Linux console writes with another bracket; SS3 with the modifiers of some terminals; strings such as titles; and
 * ESC before one character, which is how Alt is sent.
 */
const sequences = new RegExp(
  [
    `(?:${esc}\\[|\u009b)\\[?[0-?]*[ -/]*[@-~]`,
    `${esc}O[0-9;]*[@-~]`,
    `${esc}[\\]PX^_][^${esc}\u0007\u009c]*(?:\u0007|${esc}\\\\|\u009c)`,
    `${esc}[ -/]*\\P{Cc}`,
  ].join('|'),
  'gu',
);

const unfinishedSequence = new RegExp(`(?:(?:${esc}\\[|\u009b)\\[?[0-?]*[ -/]*|${esc}O[0-9;]*|${esc}[ -/]*)$`, 'u');

/**
 * Makes a reader of the chunks that a terminal in raw mode sends. Escape sequences give nothing, whatever they are: the
 * only ones that a terminal sends for keys of use here would move a cursor that is always at the end.
 *
 * A key comes whole, in a chunk of its own. Pasted text can be cut anywhere: a sequence that is not finished where such
 * a chunk ends waits for the next one.
 */
export function createKeyReader(): (chunk: string) => Key[] {
  let unfinished = '';
  return (chunk) => {
    if (unfinished === '' && chunk !== '' && chunk.replaceAll(esc, '') === '') return ['end'];
    const received = unfinished + chunk;
    const cut = unfinishedSequence.exec(received)?.index ?? received.length;
    unfinished = cut === 0 ? '' : received.slice(cut);
    return keysIn(received.slice(0, cut).replace(sequences, ''));
  };
}

function keysIn(text: string): Key[] {
  return text.split(/(\p{Cc})/u).flatMap((part): Key[] => {
    if (part === '\t') return [{ text: ' ' }];
    if (/^\P{Cc}/u.test(part)) return [{ text: part }];
    const key = pressed[part];
    return key === undefined ? [] : [key];
  });
}
