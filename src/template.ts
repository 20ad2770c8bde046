import { Environment, Interpreter as JinjaInterpreter, Template } from '@huggingface/jinja';

/** A Jinja template that is ready to be rendered. */
export interface CompiledTemplate {
  /** @throws Error of the template, or where it goes beyond the limits */
  render(values: Readonly<Record<string, unknown>>): string;
}

/** Characters of any text on the way; a prompt is read by a model of at most some ten thousand tokens. */
const mostCharacters = 2_000_000;
/** Elements of any list on the way. */
const mostElements = 100_000;
/**
 * Work of a whole rendering: an expression counts 1, and so do 64 characters of what it results in; an element counts
 * 8, since it may be looped over.
 * Well under a second; real templates need some thousands.
 */
const mostWork = 2_000_000;

/**
 * Compiles a template, which may come with a model file of somebody else's. A rendering cannot be interrupted, so that
 * its work is bounded: a loop over 20,000 times 20,000 is refused after a moment.
 * @param functions to be called in the template, beside Jinja's own
 * @throws Error where it is no template
 */
export function compileTemplate(
  source: string,
  functions: Readonly<Record<string, (...args: never[]) => unknown>> = {},
): CompiledTemplate {
  const { parsed } = new Template(source);
  return {
    render(values) {
      const environment = new Environment();
      for (const [name, value] of Object.entries({ ...globals, ...functions, ...values })) environment.set(name, value);
      return String(new BoundedInterpreter(environment).run(parsed).value);
    },
  };
}

/**
 * Every name that a template could look up among the values that it is given: all identifiers in it, wherever they
 * stand. Its plain text and its strings are none.
 * @throws Error where it is no template
 */
export function namesInTemplate(source: string): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, value } = node as { type?: unknown; value?: unknown };
    if (type === 'Identifier' && typeof value === 'string') names.add(value);
    // A list of pairs may be a Map, as that of an object literal is.
    for (const inner of node instanceof Map ? [...node].flat() : Object.values(node)) visit(inner);
  };
  visit(new Template(source).parsed);
  return names;
}

/** Globals that the library gives every template, without its clock and its unbounded `range`. */
const globals: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  raise_exception: (message: string) => {
    throw new Error(message);
  },
  range: (start: number, stop?: number, step = 1) => {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    if (step === 0) throw new Error('range() with a step of 0');
    const length = Math.max(0, Math.ceil((to - from) / step));
    if (!(length <= mostElements)) throw tooMuch(`range() gives ${length} numbers`, `${mostElements}`);
    return Array.from({ length }, (_, i) => from + i * step);
  },
};

/** The part of the library's interpreter that is used here; its own types cannot be resolved by NodeNext. */
interface Interpreter {
  run(program: unknown): { readonly value?: unknown };
  evaluate(statement: unknown, environment: unknown): { readonly value?: unknown };
}

const Interpreter = JinjaInterpreter as unknown as new (environment: unknown) => Interpreter;

/** The library's interpreter, which comes through `evaluate` for every expression and statement. */
class BoundedInterpreter extends Interpreter {
  #work = 0;

  override evaluate(statement: unknown, environment: unknown): { readonly value?: unknown } {
    const result = super.evaluate(statement, environment);
    const { value } = result;
    let size = 0;
    if (typeof value === 'string') {
      if (value.length > mostCharacters) throw tooMuch(`it makes a text of ${value.length} characters`, mostCharacters);
      size = value.length / 64;
    } else if (Array.isArray(value)) {
      if (value.length > mostElements) throw tooMuch(`it makes a list of ${value.length} elements`, mostElements);
      size = 8 * value.length;
    }
    this.#work += 1 + size;
    if (this.#work > mostWork) throw tooMuch('it loops too often', `${mostWork} steps`);
    return result;
  }
}

function tooMuch(what: string, most: number | string): Error {
  return new Error(`the template is too much work: ${what}; at most ${most} are allowed`);
}
