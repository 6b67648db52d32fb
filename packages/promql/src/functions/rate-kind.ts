/** How a change over a window is computed. */
export interface RateKind {
  /** Falling means starting again from zero. */
  readonly counter: boolean;
  readonly perSecond: boolean;
}
