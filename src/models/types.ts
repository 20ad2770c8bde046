import type { PartialFile } from './partial.js';

/** Where things are and what is allowed. The command line fills it in; nothing below reads the environment. */
export interface ModelEnvironment {
  /** `$XDG_DATA_HOME/slm`: models in `models/`, which licences were shown in `notices/`. */
  readonly dataDir: string;
  /** `$XDG_CONFIG_HOME/slm`: the user's own manifests in `models/`. */
  readonly configDir: string;
  /** The manifests that come with the program. */
  readonly builtinDir: string;
  /** Base of relative paths. */
  readonly cwd: string;
  /** `https://huggingface.co`, or the mirror in `HF_ENDPOINT`; no slash at the end. */
  readonly hfEndpoint: string;
  /** Sent to the host of `hfEndpoint` only. */
  readonly hfToken: string | null;
  readonly offline: boolean;
  /** The Python of the user's choice, tried before `python3` and `python`. */
  readonly python: string | null;
  /** Environment for child processes (pip), passed through unread. */
  readonly childEnv: Readonly<Record<string, string | undefined>>;
  readonly network: NetworkLimits;
}

export interface NetworkLimits {
  /** A connection that brings nothing for this long is cut and tried again. */
  readonly stallMs: number;
  /** Attempts after a failure that may pass; a failure that follows progress counts anew. */
  readonly retries: number;
  /** Wait before the first new attempt; doubles with each. */
  readonly retryMs: number;
}

export const networkLimits: NetworkLimits = { stallMs: 60_000, retries: 4, retryMs: 1000 };

/** A place a model can be had from. */
export interface SourceEntry {
  /** A key of the table of sources. */
  readonly scheme: string;
  /** Without the scheme. One, except for sources that come in parts, which are concatenated in order. */
  readonly addresses: readonly string[];
  /** Digest of the file there, lower-case hex; null when the manifest's own digest (if any) holds. */
  readonly sha256: string | null;
  readonly bytes: number | null;
  /** Name in messages, by which sources are told apart: `hf:owner/repo/file.gguf#rev`. */
  readonly label: string;
}

export interface License {
  readonly name: string;
  readonly url: string;
  /** Shown once, before the model is first used. */
  readonly notice?: string | undefined;
}

/** A figure of a model on public data, by which models are advised. Figures of the same data and metric are compared. */
export interface MeasuredFigure {
  /** A task type. */
  readonly type: string;
  readonly data: string;
  /** Whether the task was tuned for the model, or run as it is. */
  readonly tuned: boolean;
  readonly metric: string;
  readonly value: number;
  /** 95 % bootstrap interval; left out where n is too small for one to say much. */
  readonly interval?: readonly [number, number] | undefined;
  readonly n: number;
}

/** A model of the catalogue: one YAML file. */
export interface Manifest {
  readonly name: string;
  readonly title: string;
  readonly family: string;
  /** As people say it: `270M`, `8x7B`. */
  readonly parameters: string;
  readonly quant: string;
  readonly format: 'base' | 'chat';
  /** Jinja source; instead of the one in the model file. */
  readonly template?: string | undefined;
  /** Tokens. */
  readonly context: number;
  /** Prefixes that an embedding model was trained to read before a text. */
  readonly prefixes?:
    | { readonly text?: string | undefined; readonly query?: string | undefined; readonly passage?: string | undefined }
    | undefined;
  readonly license: License;
  readonly bytes: number | null;
  /** Lower-case hex. */
  readonly sha256: string | null;
  /** Whether the sources were really fetched and checked by us. */
  readonly verified: boolean;
  readonly measured: readonly MeasuredFigure[];
  /** Tried in turn. */
  readonly sources: readonly SourceEntry[];
  /** The YAML file. */
  readonly file: string;
  /** Whether it is the user's own. */
  readonly own: boolean;
}

/** Expected size and digest of a model; null where they are not known yet. */
export interface Expected {
  readonly sha256: string | null;
  readonly bytes: number | null;
}

export interface DownloadProgress {
  readonly name: string;
  /** Label of the source. */
  readonly source: string;
  /** Bytes that are there, including those of an earlier attempt. */
  readonly receivedBytes: number;
  readonly totalBytes: number | null;
}

export interface ModelEvents {
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** A download ended, well or not; `bytes` of the installed model, or null. */
  readonly onEnd?: (name: string, bytes: number | null) => void;
  /** One sentence or paragraph for the user: a licence, waiting for another process, the next source. */
  readonly onNotice?: (text: string) => void;
  /** Ends the download; what has arrived is kept for the next time where the source can resume. */
  readonly signal?: AbortSignal;
}

/** The values that a source gets while it fetches. */
export interface SourceContext {
  readonly env: ModelEnvironment;
  readonly expected: Expected;
  readonly signal: AbortSignal;
  /**
   * To be called as soon as the source knows the size or its own digest, before writing: throws when they
   * contradict what is expected, or when the disk has no room for them and `scratchBytes` more.
   */
  announce(found: Expected, scratchBytes?: number): Promise<void>;
  /** `receivedBytes` of the model so far. */
  progress(receivedBytes: number): void;
  notice(text: string): void;
}

/** A kind of place. Adding one is a file and a line in the table. */
export interface ModelSource {
  /** Whether it needs the network. */
  readonly remote: boolean;
  /** Whether a model may come in several parts. */
  readonly parts: boolean;
  /** The problem with an address, with an example of the right form; null where there is none. */
  problem(address: string): string | null;
  /** The address in messages, when the whole of it says too much. */
  readonly brief?: (address: string) => string;
  /** Writes the whole model into `partial`, resuming what is there when it can. Throws SlmError. */
  fetch(entry: SourceEntry, partial: PartialFile, context: SourceContext): Promise<void>;
}

/** A model file that is there and is what it should be. */
export interface ResolvedModel {
  readonly name: string;
  readonly path: string;
  /** Null for files that are used where they are, which nobody hashes. */
  readonly sha256: string | null;
  readonly manifest: Manifest | null;
}
