// Where one side of a call waits for the other: a client for its server, a producer for its consumer, and the other way round.
//
//   arrives ─► is the other side here? ── yes ─► both leave, as a pair
//                      └ no ─► waits ─── time is over, or the room is full ─► leaves alone
//
// A caller has one place under the key of its own span; several of the called side may wait for the same caller. Who came first
// leaves first, so the room is a map in the order of arrival, and being full costs those who waited longest, who are the least
// likely to be a pair still.

/** The two sides of a call. */
export type Side = "caller" | "called";

interface Place<T> {
  readonly side: Side;
  readonly guests: T[];
  readonly untilMs: number;
}

/** What the room does with those who leave. */
export interface Leaving<T> {
  /** Both sides of a call are here. */
  pair(caller: T, called: T): void;
  /** Nobody came. */
  alone(guest: T, side: Side): void;
}

/** A room with so many places. */
export class WaitingRoom<T> {
  readonly #places: number;
  readonly #waitMs: number;
  readonly #leaving: Leaving<T>;
  readonly #rooms = new Map<number, Place<T>>();
  #guests = 0;
  /** How many had to leave because the room was full. */
  early = 0;

  constructor(places: number, waitMs: number, leaving: Leaving<T>) {
    this.#places = places;
    this.#waitMs = waitMs;
    this.#leaving = leaving;
  }

  get guests(): number {
    return this.#guests;
  }

  /** The other side, when it waits under a key; it stays. */
  waits(key: number, side: Side): boolean {
    return this.#rooms.get(key)?.side === side;
  }

  /**
   * Lets somebody in.
   *
   * @param nowMs milliseconds that never go back
   */
  enter(key: number, side: Side, guest: T, nowMs: number): void {
    const place = this.#rooms.get(key);
    if (place !== undefined && place.side !== side) {
      this.#leave(key, place);
      for (const other of place.guests) {
        if (side === "caller") this.#leaving.pair(guest, other);
        else this.#leaving.pair(other, guest);
      }
      return;
    }
    if (this.#guests >= this.#places) this.#leaveEarly();
    if (place === undefined) {
      this.#rooms.set(key, { side, guests: [guest], untilMs: nowMs + this.#waitMs });
    } else place.guests.push(guest);
    this.#guests++;
  }

  /** Those leave alone whose time is over. */
  expire(nowMs: number): void {
    for (const [key, place] of this.#rooms) {
      if (place.untilMs > nowMs) return;
      this.#leaveAlone(key, place);
    }
  }

  #leaveEarly(): void {
    for (const [key, place] of this.#rooms) {
      this.early += place.guests.length;
      this.#leaveAlone(key, place);
      return;
    }
  }

  #leaveAlone(key: number, place: Place<T>): void {
    this.#leave(key, place);
    for (const guest of place.guests) this.#leaving.alone(guest, place.side);
  }

  #leave(key: number, place: Place<T>): void {
    this.#rooms.delete(key);
    this.#guests -= place.guests.length;
  }
}
