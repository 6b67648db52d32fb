// How many customers come at which hour: few at night, a peak at lunch, a higher one in the evening.
//
//   2.4 ┤                                        ╭─╮
//   1.7 ┤                          ╭─╮         ╭─╯ ╰╮
//   1.0 ┤ · · · · · · · · · · ·╭───╯ ╰─────────╯ · ·╰╮·   1 is the mean of the day
//   0.2 ┤──────────────────────╯                     ╰─
//       0     3     6     9     12    15    18    21

/** The most `shareAt` ever gives. */
export const highestShare = 2.45;

/** Customers at an hour of the day, as a multiple of the day's mean. */
export function shareAt(hour: number): number {
  const bump = (peak: number, width: number): number => {
    const distance = Math.min(Math.abs(hour - peak), 24 - Math.abs(hour - peak));
    return Math.exp(-((distance / width) ** 2));
  };
  return 0.2 + 0.9 * bump(10, 3) + 1.15 * bump(12.75, 1.7) + 2.2 * bump(20, 2.8);
}
