import { performance } from 'node:perf_hooks';
import { getLlama, type Llama, LlamaLogLevel, type LlamaModel } from 'node-llama-cpp';

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
