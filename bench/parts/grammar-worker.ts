/** Answers, a JSON line each, which texts llama.cpp accepts by a grammar. In a process of its own: it may crash or hang. */
import { createInterface } from 'node:readline';
import { loadGrammarEngine, matcherOf } from '../../test/helpers/gbnf-walk.js';

const llama = await loadGrammarEngine();
for await (const line of createInterface({ input: process.stdin })) {
  const { grammar, texts } = JSON.parse(line) as { grammar: string; texts: string[] };
  let results: boolean[] | null;
  const start = process.cpuUsage();
  let parseMs = 0;
  try {
    const matches = await matcherOf(llama, grammar);
    const { user, system } = process.cpuUsage(start);
    parseMs = (user + system) / 1000;
    results = texts.map(matches);
  } catch {
    results = null;
  }
  process.stdout.write(`${JSON.stringify({ results, parseMs })}\n`);
}
await llama.dispose();
