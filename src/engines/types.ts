import type { Capability, Engine } from '../types.js';

/** A kind of engines. Adding one is a folder and a line in the table. */
export type EngineKind = FileEngineKind | ServiceEngineKind;

/** Runs model files in this process. What is no reference of a service is a file, or something to fetch one by. */
export interface FileEngineKind {
  readonly kind: 'file';
  readonly title: string;
  readonly capabilities: readonly Capability[];
  /** Whether it is the one for files of this architecture (`general.architecture`). */
  reads(architecture: string): boolean;
}

/** Models behind a service. They are spoken of as `scheme:address`, the scheme being the name in the table. */
export interface ServiceEngineKind {
  readonly kind: 'service';
  readonly title: string;
  /** Capabilities of every model of the service; known before one is opened. */
  readonly capabilities: readonly Capability[];
  /** The problem with an address, with an example of the right form; null where there is none. */
  problem(address: string): string | null;
  /** The host that texts are sent to; null where that is this machine. */
  host(address: string): string | null;
  /** Makes a model ready. A service that cannot be reached may be reported here, or at the first record. */
  open(address: string, options: ServiceOptions): Promise<Engine>;
}

/** The price of a model: money for a million tokens. */
export interface Price {
  readonly input: number;
  /** Price of input that the service has in its cache. Default: that of other input. */
  readonly cached?: number | undefined;
  readonly output: number;
}

/** How a service is used. */
export interface ServiceSettings {
  /** Calls at once. */
  readonly concurrency: number;
  /** Longest time for one call. */
  readonly timeoutMs: number;
  /** Before the first repetition; twice as long before each further one, less a share by chance. */
  readonly firstWaitMs: number;
  readonly price: Price | null;
  /** Money that a run may cost; null for no limit. */
  readonly budget: number | null;
}

/** What each service of a run has cost so far; null where no price is known. Services add themselves. */
export type Ledger = (() => number | null)[];

/** Functions and settings that an engine behind a service gets. */
export interface ServiceOptions {
  /** The whole reference, which is the model's name: `openai:model@https://host/v1`. */
  readonly reference: string;
  readonly settings: ServiceSettings;
  /** Of the run that the engine works for: its budget is for all its services together. */
  readonly ledger: Ledger;
  /** The environment, for keys. Never to be shown. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends all calls. */
  readonly signal: AbortSignal;
  /** A file that a record names, for engines that take pictures. */
  readonly readFile: (path: string) => Promise<Buffer>;
  /** The time of day, milliseconds since 1970. */
  readonly date: () => number;
  /** Something the user should know, in one line. */
  readonly onNotice: (text: string) => void;
}
