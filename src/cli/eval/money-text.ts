/** What is paid for a thousand records; `?` where no price is known, null where nothing is paid. */
export function moneyText(perThousand: number | null | undefined): string | null {
  if (perThousand === undefined) return null;
  return perThousand === null ? '?' : perThousand.toFixed(4);
}
