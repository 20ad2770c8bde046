/** A function that makes its value for each item once. */
export function memo<T, R>(make: (item: T) => R): (item: T) => R {
  const made = new Map<T, R>();
  return (item) => {
    const known = made.get(item);
    if (known !== undefined) return known;
    const value = make(item);
    made.set(item, value);
    return value;
  };
}
