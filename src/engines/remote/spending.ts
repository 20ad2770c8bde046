import { modelError, usageError } from '../../errors.js';
import type { EngineUsage } from '../../types.js';
import type { Ledger, Price } from '../types.js';

/** Tokens of one answer, as the service counts them. */
export interface Tokens {
  readonly input: number;
  /** Input tokens that the service read from its cache. */
  readonly cached: number;
  readonly output: number;
}

/** Tokens used so far, and their cost. */
export interface Spending {
  add(tokens: Tokens): void;
  /** @throws SlmError of kind `model`, which ends a run, when the budget is spent */
  check(): void;
  usage(): EngineUsage;
}

/**
 * @param budget in the money of the price; what is under way when it is spent comes on top
 * @param ledger of the run that the budget is for
 */
export function createSpending(
  reference: string,
  price: Price | null,
  budget: number | null,
  ledger: Ledger,
): Spending {
  if (budget !== null && price === null)
    throw usageError(
      `there is a budget, but no price of ${reference}`,
      'Write it into slm.yaml: remote.prices (docs/remote.md).',
    );
  let calls = 0;
  let input = 0;
  let cached = 0;
  let output = 0;
  const spent = () => (price === null ? null : costOf(price, { input, cached, output }));
  ledger.push(spent);
  return {
    add(tokens) {
      calls++;
      input += tokens.input;
      cached += tokens.cached;
      output += tokens.output;
    },
    check() {
      const money = ledger.reduce((sum, costs) => sum + (costs() ?? 0), 0);
      if (budget === null || money < budget) return;
      const whose = ledger.length === 1 ? `${calls} calls of ${reference}` : `${ledger.length} models of services`;
      throw modelError(
        `the budget of ${budget} is spent: ${whose} cost ${money.toFixed(4)}`,
        'Raise remote.budget and go on with --resume.',
      );
    },
    usage: () => ({
      evaluatedTokens: input - cached,
      prefixTokens: 0,
      generatedTokens: output,
      reusedTokens: cached,
      money: spent(),
    }),
  };
}

function costOf(price: Price, { input, cached, output }: Tokens): number {
  return ((input - cached) * price.input + cached * (price.cached ?? price.input) + output * price.output) / 1e6;
}
