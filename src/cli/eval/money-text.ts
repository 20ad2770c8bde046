/** Price of a thousand records; `?` where the price is not known, null where nothing is paid. */
export function moneyText(perThousand: number | null | undefined): string | null {
  if (perThousand === undefined) return null;
  return perThousand === null ? '?' : perThousand.toFixed(4);
}
