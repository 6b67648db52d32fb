// Summation that carries the rounding error along (Kahan's, with Neumaier's improvement), as Prometheus sums.
//
//   sum  = 1e16     what fits in a double
//   c    = 1        what did not fit; added at the very end: sum + c
//
// JavaScript has no second return value, and an object per addition would be garbage. So the sum lives in a small
// mutable cell; hot loops inline the same steps.

/** A running sum with its compensation. */
export class KahanSum {
  sum: number;
  compensation: number;

  constructor(sum = 0, compensation = 0) {
    this.sum = sum;
    this.compensation = compensation;
  }

  /** Adds a number; when the sum becomes infinite the compensation is forgotten. */
  add(value: number): void {
    const { sum } = this;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) this.compensation = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.compensation += sum - total + value;
    else this.compensation += value - total + sum;
    this.sum = total;
  }

  /** The sum with its compensation. */
  get total(): number {
    return this.sum + this.compensation;
  }
}
