import { modelError, usageError } from '../errors.js';
import type { Recipe } from './recipe.js';
import { architectureName, blockCountOf } from './summary.js';
import type { GgufHeader } from './types.js';
import { attentionBlocks, type ValuePlace, valueBlockSizes, valuesOfBlock } from './value-blocks.js';

/** Facts about an architecture that rewriting its files depends on, from llama.cpp (src/models/<name>.cpp). */
interface Architecture {
  /**
   * With this number of blocks llama.cpp takes another scale of attention than with any other, so that such a file
   * cannot be cut, nor any be cut to it.
   */
  readonly peculiarLayers?: number;
  /** Whether an `output.weight` is read; else the embedding is always the output too. */
  readonly output: boolean;
  /** Every so many blocks have no sliding window, and a cache of their own, the first of two. */
  readonly globalEvery?: number;
  /** Whether some blocks carry a state from token to token in place of a cache, which stands behind that of the others. */
  readonly hybrid?: boolean;
  /** Key of a list of the blocks that carry a state, where a rule of the architecture decides without one. */
  readonly stateList?: string;
  /** Whether tokens have places in pictures (M-RoPE), which stand in the cache. */
  readonly pictured?: boolean;
}

/**
 * In all of these, what a block does depends on its own number only (sliding windows of Gemma, the blocks without
 * positions of SmolLM3), and the number of blocks otherwise decides no more than the name of the size in the log.
 */
const architectures: Readonly<Record<string, Architecture>> = {
  // LLM_TYPE_27B in load_arch_hparams: 1/√(width/heads) in place of 1/√(key length).
  gemma3: { peculiarLayers: 62, output: true, globalEvery: 6 },
  gemma2: { peculiarLayers: 46, output: false, globalEvery: 2 },
  granite: { output: true },
  // Which blocks of these hybrids have attention is in a list, head_count_kv.
  granitehybrid: { output: true, hybrid: true },
  lfm2: { output: true, hybrid: true },
  llama: { output: true },
  mistral3: { output: true },
  phi3: { output: true },
  qwen2: { output: true },
  qwen3: { output: true },
  // By default every fourth block has attention.
  qwen35: { output: true, hybrid: true, stateList: 'attention.recurrent_layers', pictured: true },
  smollm3: { output: true },
};

const globalTensors = /^(token_embd|token_embd_norm|output|output_norm|rope_freqs|rope_factors_(long|short))\.weight$/u;
const blockTensors =
  /^blk\.(\d+)\.((attn_(norm|q|k|v|qkv|gate|output|q_norm|k_norm)|shortconv\.(in_proj|conv|out_proj)|ssm_(in|conv1d|dt|alpha|beta|norm|out)|post_attention_norm|ffn_(norm|gate|up|down)|post_ffw_norm)\.(weight|bias)|ssm_[ad]|nextn\.\w+\.weight)$/u;
/** Those of blocks that guess further tokens. */
const furtherTensors = /^blk\.\d+\.nextn\./u;
/** Those of blocks that carry a state. */
const stateTensors = /^blk\.\d+\.(shortconv\.|ssm_|attn_gate\.)/u;

/** Metadata that speak of something that a block shares with others or that is no plain transformer block. */
const foreignKeys = /\.(expert_count|attention\.shared_kv_layers|dense_[23]_feat_\w+)$/u;

function factsOf(header: GgufHeader): Architecture | undefined {
  const name = architectureName(header);
  return Object.hasOwn(architectures, name) ? architectures[name] : undefined;
}

/** The number of the block that a tensor belongs to; null for those of the whole model. */
export function blockOf(tensor: string): number | null {
  const block = blockTensors.exec(tensor)?.[1];
  return block === undefined ? null : Number(block);
}

/**
 * @param header of a file that `checkGguf` has let through, so that it is a whole language model
 * @throws SlmError where the file has something that the rewriting does not understand, or the recipe does not fit it
 */
export function checkDerivable(header: GgufHeader, recipe: Recipe): void {
  const name = architectureName(header);
  const refuse = (reason: string) =>
    modelError(`No file can be derived from ${header.path}: ${reason}.`, 'Use the model as it is.');
  const architecture = factsOf(header);
  if (architecture === undefined) {
    throw refuse(`the architecture "${name}" is none of ${Object.keys(architectures).join(', ')}`);
  }
  for (const { key, value } of header.metadata.values()) {
    if (key.startsWith(`${name}.`) && foreignKeys.test(key) && value !== 0) throw refuse(`it has ${key}`);
  }
  for (const tensor of header.tensors) {
    const isKnown = globalTensors.test(tensor.name) || blockTensors.test(tensor.name);
    const isForeign = stateTensors.test(tensor.name) && architecture.hybrid !== true;
    // Blocks that guess further tokens are left out.
    const isMisplaced = furtherTensors.test(tensor.name) && (blockOf(tensor.name) ?? 0) < blockCount(header);
    if (!isKnown || isForeign || isMisplaced) {
      throw refuse(`its tensor "${tensor.name}" is not known`);
    }
    if (tensor.bytes === null) throw refuse(`the type ${tensor.type} of "${tensor.name}" is not known`);
  }

  const blocks = blockCount(header);
  if (recipe.layers !== null) {
    if (recipe.layers > blocks)
      throw usageError(`${header.path} has ${blocks} layers, ${recipe.layers} are asked for.`);
    if (recipe.layers < blocks && [blocks, recipe.layers].includes(architecture.peculiarLayers ?? 0)) {
      throw refuse(
        `llama.cpp scales the attention of ${name} differently when there are ${architecture.peculiarLayers} layers`,
      );
    }
  }
  const { output } = recipe;
  if (output !== null && 'values' in output) {
    if (valuesOfBlock(header) === 0) throw refuse('its blocks have no value matrix of their own');
    const layers = (recipe.layers ?? blocks) + valueBlockSizes(header, recipe).length;
    if (layers === architecture.peculiarLayers) throw refuse(`${layers} layers of ${name} are peculiar`);
  } else if (output !== null && !architecture.output) {
    throw refuse(`llama.cpp reads no output matrix for ${name}`);
  }
}

/** Whether llama.cpp reads an output matrix of its own for this model; else the embedding is always the output. */
export function readsOutput(header: GgufHeader): boolean {
  return factsOf(header)?.output === true;
}

/** Key of the list of blocks that carry a state, and whether each does, with those that hold values; null where there is none. */
export function stateListOf(header: GgufHeader, kept: number, layers: number): { key: string; list: boolean[] } | null {
  const list = factsOf(header)?.stateList;
  if (list === undefined) return null;
  const cached = new Set(attentionBlocks(header));
  return {
    key: `${architectureName(header)}.${list}`,
    list: Array.from({ length: layers }, (_, i) => i < kept && !cached.has(i)),
  };
}

/** Places of the values in the states of a derived file, in the order of the recipe's rows; by the source's header. */
export function valuePlaces(header: GgufHeader, recipe: Pick<Recipe, 'layers' | 'output'>): ValuePlace[] {
  const kept = recipe.layers ?? blockCount(header);
  const architecture = factsOf(header);
  const every = architecture?.globalEvery;
  const cached = attentionBlocks(header).filter((block) => block < kept).length;
  return valueBlockSizes(header, recipe).map((count, i) => {
    const block = kept + i;
    if (architecture?.hybrid === true)
      return { cache: 'first', layer: cached + i, count, pictured: architecture.pictured === true };
    if (every === undefined) return { cache: 'last', layer: block, count };
    const globals = Math.floor((block + 1) / every);
    return (block + 1) % every === 0
      ? { cache: 'first', layer: globals - 1, count }
      : { cache: 'last', layer: block - globals, count };
  });
}

export function blockCount(header: GgufHeader): number {
  const blocks = blockCountOf(header);
  if (blocks === null) throw modelError(`${header.path} does not say how many layers it has.`);
  return blocks;
}
