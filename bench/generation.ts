/**
 * Generation by JSON Schema from end to end: the same messages for the same model, once by `generate`, once by
 * llama-cpp-python with its own grammar of the schema. Another validator (Python's jsonschema) judges both.
 *
 * node --import tsx bench/generation.ts --python PATH [-m MODEL] [--n 100] [--data FILE.jsonl.gz]
 *
 * PATH is a Python with llama-cpp-python and jsonschema. Both get two threads, greedy decoding and 400 tokens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { isObject } from '../src/grammar/schema-node.js';
import { open, resolveModel } from '../src/index.js';
import { median } from '../src/metrics/median.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/jsonschemabench/schemas.jsonl.gz' },
    python: { type: 'string' },
    model: { type: 'string', short: 'm', default: 'qwen2.5-coder-0.5b-instruct' },
    n: { type: 'string', default: '100' },
  },
});
const maxTokens = 400;
const instruction = 'Reply with one realistic JSON document of the described kind, and with nothing else.';

interface Row {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

interface Outcome {
  readonly text: string | null;
  readonly error: string | null;
  readonly seconds: number;
  readonly tokens: number | null;
}

const rows = gunzipSync(readFileSync(values.data))
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row)
  .filter(({ schema }) => isObject(schema) && isObject(schema.properties) && describe(schema).length > 40)
  .sort((a, b) => (digest(a.name) < digest(b.name) ? -1 : 1))
  .slice(0, Number(values.n));
const { path: file } = await resolveModel(values.model);
let peer = values.python === undefined ? null : await startPeer(values.python, file);
const scratch = mkdtempSync(path.join(tmpdir(), 'slm-generation-'));
const ours: (Outcome & { readonly valid: boolean })[] = [];
const theirs: (Outcome & { readonly valid: boolean })[] = [];
for (const [index, row] of rows.entries()) {
  const text = describe(row.schema);
  const own = await generated(row, text, index);
  ours.push({ ...own, valid: await isValid(row, own) });
  if (peer !== null) {
    const started = performance.now();
    try {
      const other = await peer.ask<Outcome>({ messages: messages(text), schema: row.schema, maxTokens });
      theirs.push({ ...other, valid: await isValid(row, other) });
    } catch {
      theirs.push({ text: null, error: 'its process ended', seconds: since(started), tokens: null, valid: false });
      peer = await startPeer(values.python as string, file);
    }
  }
  const [a, b] = [ours.at(-1), theirs.at(-1)];
  process.stderr.write(`${index + 1} ${row.name}: ${shown(a)} | ${shown(b)}\n`);
}
rmSync(scratch, { recursive: true });
peer?.end();

process.stdout.write(`${rows.length} schemas, ${values.model}, at most ${maxTokens} tokens\n\n`);
process.stdout.write('| | valid | no result | invalid | seconds, median | seconds in all | tokens in all |\n');
process.stdout.write('|---|---:|---:|---:|---:|---:|---:|\n');
report('slm', ours);
if (peer !== null) report('llama-cpp-python', theirs);

function report(title: string, outcomes: typeof ours): void {
  const seconds = outcomes.map((each) => each.seconds);
  const tokens = outcomes.reduce((sum, each) => sum + (each.tokens ?? 0), 0);
  const cells = [
    title,
    outcomes.filter(({ valid }) => valid).length,
    outcomes.filter(({ text }) => text === null).length,
    outcomes.filter(({ text, valid }) => text !== null && !valid).length,
    median(seconds).toFixed(2),
    seconds.reduce((a, b) => a + b, 0).toFixed(0),
    tokens === 0 ? '–' : tokens,
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

function shown(outcome: (Outcome & { readonly valid: boolean }) | undefined): string {
  if (outcome === undefined) return '–';
  const what =
    outcome.text === null ? `no result (${outcome.error?.slice(0, 100)})` : outcome.valid ? 'valid' : 'INVALID';
  return `${what} ${outcome.seconds.toFixed(1)} s`;
}

function messages(text: string) {
  return [
    { role: 'system', content: instruction },
    { role: 'user', content: text },
  ];
}

async function generated({ schema }: Row, text: string, index: number): Promise<Outcome> {
  const folder = path.join(scratch, `s${index}`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'schema.json'), JSON.stringify(schema));
  const prompt = { instruction, chat: '{{ text }}', use: 'chat' };
  const task = { name: `s${index}`, type: 'generate', schema: 'schema.json', prompt, options: { shots: 0, maxTokens } };
  writeFileSync(path.join(folder, 'task.yaml'), JSON.stringify(task));
  let started = performance.now();
  try {
    const generate = await open(folder, { model: values.model });
    started = performance.now();
    try {
      const { output } = (await generate(text)) as unknown as { output: unknown };
      return { text: JSON.stringify(output), error: null, seconds: since(started), tokens: null };
    } finally {
      await generate.close();
    }
  } catch (error) {
    return { text: null, error: String(error), seconds: since(started), tokens: null };
  }
}

function since(started: number): number {
  return (performance.now() - started) / 1000;
}

function isValid({ schema }: Row, { text }: Outcome): Promise<boolean> | boolean {
  if (text === null || peer === null) return text !== null;
  return peer.ask<boolean>({ schema, text });
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** What a schema says of itself in words. */
function describe({ title, description, properties }: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(isObject(properties) ? properties : {}).map(([name, field]) => {
    const said = isObject(field) && typeof field.description === 'string' ? `: ${field.description}` : '';
    return `- ${name}${said.replace(/\s+/gu, ' ').slice(0, 120)}`;
  });
  const head = [title, description].filter((part) => typeof part === 'string').join('. ');
  return `${head.slice(0, 300)}\nFields:\n${fields.slice(0, 20).join('\n')}`.trim();
}

/** A Python process that holds the model, generates, and judges. */
async function startPeer(python: string, model: string) {
  const script = `
import json, sys, time
from llama_cpp import Llama
from jsonschema.validators import validator_for
llm = Llama(model_path=${JSON.stringify(model)}, n_ctx=4096, n_threads=2, n_threads_batch=2, verbose=False)
print("ready", flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if "text" in request:
        try:
            cls = validator_for(request["schema"])
            print(json.dumps(cls(request["schema"]).is_valid(json.loads(request["text"]))), flush=True)
        except BaseException:
            print("false", flush=True)
        continue
    began = time.perf_counter()
    out = {"text": None, "error": None, "tokens": 0}
    try:
        reply = llm.create_chat_completion(request["messages"], temperature=0, max_tokens=request["maxTokens"],
            response_format={"type": "json_object", "schema": request["schema"]})
        out["tokens"] = reply["usage"]["completion_tokens"]
        choice = reply["choices"][0]
        if choice["finish_reason"] == "length":
            out["error"] = "cut off"
        else:
            json.loads(choice["message"]["content"])
            out["text"] = choice["message"]["content"]
    except BaseException as error:
        out["error"] = str(error)
    out["seconds"] = time.perf_counter() - began
    print(json.dumps(out), flush=True)
`;
  const child: ChildProcess = spawn(python, ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  if (child.stdout === null) throw new Error('no output of Python');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${python} ended; are llama-cpp-python and jsonschema there?`);
    return value as string;
  };
  await next();
  return {
    async ask<Reply>(request: unknown): Promise<Reply> {
      child.stdin?.write(`${JSON.stringify(request)}\n`);
      return JSON.parse(await next()) as Reply;
    },
    end: () => child.stdin?.end(),
  };
}
