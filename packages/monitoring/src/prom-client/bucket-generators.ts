// Lists of bucket bounds, with the messages of the peer.

/**
 * Bounds at equal distances.
 *
 * @throws {Error} when the count is not positive
 * @example linearBuckets(1, 2, 3) // [1, 3, 5]
 */
export function linearBuckets(start: number, width: number, count: number): number[] {
  if (count < 1) throw new Error("Linear buckets needs a positive count");
  return Array.from({ length: count }, (_, i) => start + i * width);
}

/**
 * Bounds that grow by a factor.
 *
 * @throws {Error} when start or count is not positive, or the factor is not above 1
 * @example exponentialBuckets(1, 2, 4) // [1, 2, 4, 8]
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  if (start <= 0) throw new Error("Exponential buckets needs a positive start");
  if (count < 1) throw new Error("Exponential buckets needs a positive count");
  if (factor <= 1) throw new Error("Exponential buckets needs a factor greater than 1");
  const buckets: number[] = [];
  // Multiplied step by step: powers would differ in the last digit.
  for (let i = 0, bound = start; i < count; i++, bound *= factor) buckets.push(bound);
  return buckets;
}
