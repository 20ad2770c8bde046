import { performance } from 'node:perf_hooks';
import { getLlama, type Llama, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp';

/** Tokens a second of one prompt of 1,024 tokens, as llama.cpp evaluates it with all threads. */
export async function rawPromptSpeed(modelPath: string, texts: readonly string[], threads: number): Promise<number> {
  const { llama, model } = await loadPlain(modelPath, threads);
  const context = await model.createContext({ contextSize: 2048, batchSize: 512, threads, sequences: 1 });
  const sequence = context.getSequence();
  const prompt = model.tokenize(texts.join('\n')).slice(0, 1024);
  await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(0, 64));
  await sequence.clearHistory();
  const start = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(prompt);
  const seconds = (performance.now() - start) / 1000;
  await llama.dispose();
  return prompt.length / seconds;
}

/**
 * Tokens a second of prompts of `tokens` tokens after a prefix that is there already, without any output: a context
 * for each thread, all at work at once. What llama.cpp itself reaches in the shape that short records have.
 */
export async function rawShortSpeed(
  modelPath: string,
  texts: readonly string[],
  threads: number,
  shape: { readonly prefix: number; readonly tokens: number },
): Promise<number> {
  const { llama, model } = await loadPlain(modelPath, threads);
  const all = model.tokenize(texts.join('\n'));
  const prefix = Array.from({ length: shape.prefix }, (_, i) => all[i % all.length] as Token);
  const input = Array.from({ length: shape.tokens }, (_, i) => all[(shape.prefix + i) % all.length] as Token);
  const sequences = await Promise.all(
    Array.from({ length: threads }, async () => {
      const context = await model.createContext({
        contextSize: 2048,
        batchSize: 128,
        threads: { ideal: 1, min: 1 },
        swaFullCache: true,
      });
      const sequence = context.getSequence();
      await sequence.evaluateWithoutGeneratingNewTokens([...prefix]);
      return sequence;
    }),
  );
  const times = 20;
  const start = performance.now();
  await Promise.all(
    sequences.map(async (sequence) => {
      for (let i = 0; i < times; i++) {
        await sequence.evaluateWithoutGeneratingNewTokens(input);
        await sequence.eraseContextTokenRanges([{ start: shape.prefix, end: sequence.nextTokenIndex }]);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  await llama.dispose();
  return (times * threads * shape.tokens) / seconds;
}

/** The library as anyone would load it, on the processor. */
export async function loadPlain(modelPath: string, threads: number): Promise<{ llama: Llama; model: LlamaModel }> {
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
    progressLogs: false,
  });
  return { llama, model: await llama.loadModel({ modelPath, gpuLayers: 0 }) };
}
