// Listeners by event. What a listener throws, or rejects with, is told to somebody else and stops nobody.
//
// A listener may cause further events: these wait until all listeners have heard the first one, so that everybody
// hears everything in the order in which it happened.

/** Calls a listener of one event. */
export type Listener<Event> = (event: Event) => unknown;

/** The listeners of events that are listed in `Events`. */
export class Listeners<Events extends object> {
  readonly #byEvent = new Map<keyof Events, Set<Listener<never>>>();
  readonly #waiting: (() => void)[] = [];
  readonly #onError: (error: unknown) => void;
  #busy = false;
  #held = 0;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Adds a listener; the function it gives takes it away. */
  add<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    // A function of its own for each call: the same listener may be added twice, and taken away once.
    const own: Listener<Events[Name]> = (event) => listener(event);
    const listeners = this.#byEvent.get(name) ?? new Set();
    this.#byEvent.set(name, listeners.add(own));
    return () => {
      listeners.delete(own);
    };
  }

  /** Whether anybody listens. */
  has(name: keyof Events): boolean {
    return (this.#byEvent.get(name)?.size ?? 0) > 0;
  }

  /** Tells everybody who listens now. Never throws. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#byEvent.get(name);
    if (listeners === undefined || listeners.size === 0) return;
    for (const listener of listeners) {
      this.#waiting.push(() => {
        if (listeners.has(listener)) this.#tell(listener as Listener<Events[Name]>, event);
      });
    }
    this.#drain();
  }

  /** Tells all that is emitted in the function before anything that listeners cause by it. */
  together(emit: () => void): void {
    this.#held++;
    emit();
    this.#held--;
    this.#drain();
  }

  #drain(): void {
    if (this.#busy || this.#held > 0) return;
    this.#busy = true;
    for (let at = 0; at < this.#waiting.length; at++) this.#waiting[at]!();
    this.#waiting.length = 0;
    this.#busy = false;
  }

  #tell<Event>(listener: Listener<Event>, event: Event): void {
    try {
      const heard = listener(event);
      if (heard instanceof Promise) heard.catch((error: unknown) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    try {
      this.#onError(error);
    } catch {
      // Nobody is left to be told.
    }
  }
}
